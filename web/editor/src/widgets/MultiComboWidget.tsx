import * as Popover from "@radix-ui/react-popover";
import { Command } from "cmdk";
import { useMemo, useState } from "react";
import { narrowed } from "./choices";
import { Icon } from "./icons";
import type { WidgetProps } from "./props";
import { t } from "./strings";
import "./combo.css";

/** As many entries as are drawn at once. */
const SHOWN = 100;
const NONE: readonly (string | number)[] = [];

/** Several of many: what is chosen, in the order of the choices, and a list that stays open while one chooses. */
export function MultiComboWidget(props: WidgetProps) {
  const { widget, label, disabled, invalid, describedBy } = props;
  const chosen = chosenOf(widget.value);
  const { choices = NONE } = widget.spec;
  const missing = chosen.filter((each) => !choices.includes(each));
  const said = chosen.join(", ");

  return (
    <Popover.Root>
      <Popover.Trigger asChild disabled={disabled}>
        <button
          type="button"
          role="combobox"
          aria-label={label}
          aria-invalid={invalid || missing.length > 0 || undefined}
          aria-describedby={describedBy}
          className="combo nodrag"
          title={missing.length > 0 ? t.missing(missing.join(", ")) : said}
        >
          <span className="combo-value">{said || placeholderOf(props)}</span>
          {chosen.length > 1 && <span className="combo-count">{chosen.length}</span>}
          <Icon name="down" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="combo-popover" align="end" sideOffset={4} collisionPadding={8} aria-label={label}>
          <List {...props} chosen={chosen} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function List({ widget, label, chosen, onChange }: WidgetProps & { chosen: readonly (string | number)[] }) {
  const [query, setQuery] = useState("");
  const { choices = NONE } = widget.spec;
  // What the server no longer has can be taken away, and is not offered again.
  const offered = useMemo(() => [...chosen.filter((each) => !choices.includes(each)), ...choices], [choices, chosen]);
  const fitting = useMemo(() => narrowed(offered, query, ""), [offered, query]);
  const toggle = (choice: string | number) => {
    const next = new Set(chosen);
    if (!next.delete(choice)) next.add(choice);
    onChange(offered.filter((each) => next.has(each)));
  };
  return (
    <Command shouldFilter={false} loop label={label}>
      <Command.Input className="combo-search" placeholder={t.search(label)} value={query} onValueChange={setQuery} />
      <Command.List className="combo-list" aria-multiselectable>
        <Command.Empty className="combo-empty">{offered.length === 0 ? t.noChoices : t.nothingFits}</Command.Empty>
        {fitting.slice(0, SHOWN).map((choice) => (
          <Command.Item
            key={choice}
            value={String(choice)}
            className="combo-item"
            data-chosen={chosen.includes(choice) || undefined}
            onSelect={() => toggle(choice)}
          >
            <span className="combo-value">{choice}</span>
            {chosen.includes(choice) && <Icon name="check" />}
          </Command.Item>
        ))}
        {fitting.length > SHOWN && <p className="combo-empty">{t.moreChoices(fitting.length - SHOWN)}</p>}
      </Command.List>
      {chosen.length > 0 && (
        <button type="button" className="combo-clear" onClick={() => onChange([])}>
          {t.chooseNone}
        </button>
      )}
    </Command>
  );
}

/** Files may hold a single choice. */
function chosenOf(value: unknown): readonly (string | number)[] {
  const all = Array.isArray(value) ? (value as unknown[]) : [value];
  return all.filter(
    (each): each is string | number => typeof each === "number" || (typeof each === "string" && each !== ""),
  );
}

function placeholderOf({ widget }: WidgetProps): string {
  const { placeholder, multi_select: asked } = widget.spec.options;
  const told = placeholder ?? (asked as { placeholder?: unknown } | undefined)?.placeholder;
  return typeof told === "string" && told !== "" ? told : t.noneChosen;
}
