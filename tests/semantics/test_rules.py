"""The list of rules and the tests agree."""

from tests.semantics.report import found_tests, rules, shown, text


def test_every_rule_has_a_test_or_says_why_not() -> None:
    by_rule = shown(found_tests())
    assert [rule.id for rule in rules().values() if rule.id not in by_rule and not rule.why] == []
    assert [rule.id for rule in rules().values() if rule.id in by_rule and rule.why] == []


def test_tests_name_rules_that_exist_and_their_section() -> None:
    known = rules()
    assert [(test.name, rule) for test in found_tests() for rule in test.rules if rule not in known] == []
    assert [test.name for test in found_tests() if not test.rules] == []
    elsewhere = [t.name for t in found_tests() if t.section not in {rule.rpartition("-")[0] for rule in t.rules}]
    assert elsewhere == []


def test_the_report_tells_the_counts() -> None:
    assert f"{len(rules())} rules, {len(found_tests())} tests" in text()
