"""Named folders, and names from outside that must not lead out of them."""

import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import FolderNotFound, UnsafePath
from engine.folders import Folders, annotated, safe_join

LONG_AGO_S = 1_000_000_000


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def settle(*folders: Path) -> None:
    """Make directories look as if nothing had changed for long."""
    for folder in folders:
        os.utime(folder, (LONG_AGO_S, LONG_AGO_S))


class TestListing:
    def test_files_of_all_folders_are_listed_once_sorted_and_with_their_subfolders(
        self, folders: Folders, tmp_path: Path
    ) -> None:
        own, extra = tmp_path / "models" / "loras", tmp_path / "extra"
        folders.add("loras", extra)
        touch(own / "b.safetensors", own / "sub" / "C.CKPT", extra / "a.pt", extra / "b.safetensors")
        assert folders.list("loras") == ["a.pt", "b.safetensors", os.path.join("sub", "C.CKPT")]

    def test_other_and_hidden_files_are_left_out(self, folders: Folders, tmp_path: Path) -> None:
        own = tmp_path / "models" / "vae"
        touch(own / "readme.txt", own / ".a.safetensors", own / ".git" / "b.safetensors", own / "c\\d.safetensors")
        assert folders.list("vae") == []

    def test_links_are_followed_but_not_round_in_a_circle(self, folders: Folders, tmp_path: Path) -> None:
        own, elsewhere = tmp_path / "models" / "loras", tmp_path / "elsewhere"
        touch(own / "a.pt", elsewhere / "b.pt")
        (own / "linked").symlink_to(elsewhere)
        (own / "again").symlink_to(elsewhere)
        (elsewhere / "back").symlink_to(own)
        (own / "broken.pt").symlink_to(tmp_path / "nowhere")
        names = ["a.pt", *(os.path.join(link, "b.pt") for link in ("again", "linked"))]
        assert folders.list("loras") == names

    def test_only_images_at_the_top_of_input_are_listed(self, folders: Folders) -> None:
        top = folders.directory("input")
        touch(top / "a.PNG", top / "b.jpeg", top / "notes.txt", top / "sub" / "c.png")
        assert folders.list("input") == ["a.PNG", "b.jpeg"]

    def test_files_of_another_kind_are_listed_where_asked_for(self, folders: Folders) -> None:
        place = folders.directory("input")
        touch(place / "a.png", place / "b.latent", place / "below" / "c.latent")
        assert folders.list("input", (".latent",)) == ["b.latent"]

    def test_a_folder_that_does_not_exist_is_empty(self, folders: Folders) -> None:
        assert folders.list("checkpoints") == []

    def test_an_unreadable_folder_is_left_out(
        self, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        own = tmp_path / "models" / "loras"
        touch(own / "a.pt", own / "locked" / "b.pt")
        scandir = os.scandir

        def refuse(path: str) -> object:
            if path.endswith("locked"):
                raise PermissionError("not yours")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        assert folders.list("loras") == ["a.pt"]
        assert "locked: not yours" in caplog.text

    def test_a_folder_added_later_is_seen_also_below_the_bundled_one(self, folders: Folders, tmp_path: Path) -> None:
        touch(tmp_path / "bundled" / "mini.safetensors", tmp_path / "bundled" / "CARD.md")
        folders.add("checkpoints", tmp_path / "bundled")
        assert folders.list("checkpoints") == ["mini.safetensors"]

    def test_a_settled_folder_is_not_read_again_until_it_changes(
        self, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = tmp_path / "models" / "loras"
        touch(own / "sub" / "a.pt")
        settle(own, own / "sub")
        assert folders.list("loras") == [os.path.join("sub", "a.pt")]
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", None)
            assert folders.list("loras") == [os.path.join("sub", "a.pt")]
        touch(own / "sub" / "b.pt")
        assert len(folders.list("loras")) == 2

    def test_a_folder_that_appears_is_seen(self, folders: Folders, tmp_path: Path) -> None:
        assert folders.list("vae") == []
        touch(tmp_path / "models" / "vae" / "a.pt")
        assert folders.list("vae") == ["a.pt"]
        settle(tmp_path / "models" / "vae")
        assert folders.list("vae") == ["a.pt"]
        (tmp_path / "models" / "vae" / "a.pt").unlink()
        (tmp_path / "models" / "vae").rmdir()
        assert folders.list("vae") == []


class TestKeys:
    def test_keys_are_those_of_the_protocol_in_its_order(self, folders: Folders) -> None:
        assert folders.keys()[:6] == ["checkpoints", "configs", "loras", "vae", "text_encoders", "diffusion_models"]
        assert not {"unet", "clip", "input", "output", "temp", "user"} & set(folders.keys())

    def test_older_names_lead_to_the_same_folders(self, folders: Folders, tmp_path: Path) -> None:
        assert folders.paths("unet") == folders.paths("diffusion_models")
        assert folders.paths("clip") == [tmp_path / "models" / "text_encoders", tmp_path / "models" / "clip"]
        assert folders.extensions("clip") == folders.extensions("text_encoders")

    def test_unknown_keys_are_refused(self, folders: Folders) -> None:
        for ask in (folders.list, folders.paths, folders.extensions, folders.directory):
            with pytest.raises(FolderNotFound, match="'nothing'"):
                ask("nothing")

    def test_a_folder_is_added_after_the_others_or_first_but_once(self, folders: Folders, tmp_path: Path) -> None:
        own, a, b = tmp_path / "models" / "vae", tmp_path / "a", tmp_path / "b"
        folders.add("vae", a)
        folders.add("vae", b, first=True)
        folders.add("vae", b)
        assert folders.paths("vae") == [b, own, a]
        folders.add("vae", a, first=True)
        assert folders.paths("vae") == [a, b, own]

    def test_a_new_key_lists_everything_unless_told(self, folders: Folders, tmp_path: Path) -> None:
        touch(tmp_path / "a.bin", tmp_path / "b.txt")
        folders.add("adapters", tmp_path)
        folders.add("texts", tmp_path, extensions={".txt"})
        assert folders.list("adapters") == ["a.bin", "b.txt"]
        assert folders.list("texts") == ["b.txt"]
        assert folders.keys()[-2:] == ["adapters", "texts"]

    def test_nothing_is_created_until_it_is_laid_out(self, folders: Folders, tmp_path: Path) -> None:
        assert list(tmp_path.iterdir()) == []
        folders.lay_out()
        assert (tmp_path / "models" / "checkpoints").is_dir()
        assert (tmp_path / "custom_nodes").is_dir()
        assert (tmp_path / "input").is_dir()
        assert not (tmp_path / "models" / "unet").exists()

    def test_output_may_lie_elsewhere(self, tmp_path: Path) -> None:
        folders = Folders(tmp_path, tmp_path / "pictures")
        assert folders.directory("output") == tmp_path / "pictures"
        assert folders.directory("temp") == tmp_path / "temp"


class TestResolving:
    def test_the_first_folder_that_has_it_wins(self, folders: Folders, tmp_path: Path) -> None:
        own, extra = tmp_path / "models" / "vae", tmp_path / "extra"
        touch(own / "a.pt", extra / "a.pt", extra / "b.pt")
        folders.add("vae", extra)
        assert folders.resolve("vae", "a.pt") == own / "a.pt"
        assert folders.resolve("vae", "b.pt") == extra / "b.pt"

    def test_a_name_from_windows_means_the_same(self, folders: Folders, tmp_path: Path) -> None:
        touch(tmp_path / "models" / "vae" / "sub" / "a.pt")
        assert folders.resolve("vae", "sub\\a.pt") == tmp_path / "models" / "vae" / "sub" / "a.pt"

    def test_a_missing_file_is_named_with_the_folders_searched(self, folders: Folders, tmp_path: Path) -> None:
        folders.add("vae", tmp_path / "extra")
        searched = f"{tmp_path / 'models' / 'vae'}, {tmp_path / 'extra'}"
        with pytest.raises(FileNotFoundError, match=re.escape(f"vae has no file 'a.pt'; looked in {searched}")):
            folders.resolve("vae", "a.pt")

    @pytest.mark.parametrize("name", ["", ".", "x" * 5000])
    def test_what_can_be_no_file_is_missing(self, folders: Folders, name: str) -> None:
        folders.lay_out()
        with pytest.raises(FileNotFoundError):
            folders.resolve("vae", name)

    def test_an_annotated_name_leads_to_the_directory_it_says(self, folders: Folders) -> None:
        touch(folders.directory("output") / "sub" / "x.png", folders.directory("input") / "x.png")
        assert folders.resolve("input", "sub/x.png [output]") == folders.directory("output") / "sub" / "x.png"
        assert folders.resolve("output", "x.png [input]") == folders.directory("input") / "x.png"

    def test_a_model_may_be_named_like_an_annotation(self, folders: Folders, tmp_path: Path) -> None:
        touch(tmp_path / "models" / "vae" / "a [output]")
        assert folders.resolve("vae", "a [output]").name == "a [output]"

    def test_a_stamp_changes_with_the_file(self, folders: Folders) -> None:
        picture = folders.directory("output") / "x.png"
        touch(picture)
        before = folders.stamp("input", "x.png [output]")
        picture.write_bytes(b"new")
        after = folders.stamp("input", "x.png [output]")
        assert before
        assert after
        assert before != after

    @pytest.mark.parametrize(("key", "name"), [("input", "none.png"), ("input", "../x"), ("nothing", "x")])
    def test_what_leads_nowhere_has_no_stamp(self, folders: Folders, key: str, name: str) -> None:
        assert folders.stamp(key, name) is None


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("x.png [output]", ("x.png", "output")),
        ("a [b] [temp]", ("a [b]", "temp")),
        ("x.png[output]", ("x.png[output]", None)),
        ("x.png [user]", ("x.png [user]", None)),
        ("x.png", ("x.png", None)),
    ],
)
def test_annotations_are_split_off(name: str, split: tuple[str, str | None]) -> None:
    assert annotated(name) == split


class TestSafety:
    ROOT = Path("/root/of/it").absolute()

    @pytest.mark.parametrize(
        "name",
        [
            *["..", "../x", "a/../../x", "a/..", "/etc/passwd", "//host/share", "..\\x", "a\\..\\..\\x", "\\x"],
            *["C:\\x", "c:x", "a/C:x", "a\0b", "a\ud800"],
        ],
    )
    def test_names_that_leave_the_folder_are_refused(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(UnsafePath):
            safe_join(self.ROOT, name)
        with pytest.raises(UnsafePath):
            Folders(tmp_path).resolve("vae", name)
        with pytest.raises(UnsafePath):
            Folders(tmp_path).save_path(name)

    @pytest.mark.parametrize(
        "name", ["...", " ", "a.", "a ", "a./b", "a b:c", "x.png:stream", "CON", "nul.png", "a/Lpt1", "com\u00b9.x"]
    )
    def test_what_windows_reads_differently_is_refused_everywhere(self, name: str) -> None:
        with pytest.raises(UnsafePath):
            safe_join(self.ROOT, name)

    @pytest.mark.parametrize("name", ["a..b", "a/.b", "-", "%2e%2e", "ü/漢", "a b", "console", "null.png", "com10"])
    def test_odd_names_are_fine(self, name: str) -> None:
        assert safe_join(self.ROOT, name) == self.ROOT / name

    def test_parts_are_joined_and_empty_ones_do_not_matter(self) -> None:
        assert safe_join(self.ROOT, "", "a/", "./b//c") == self.ROOT / "a" / "b" / "c"
        assert safe_join(self.ROOT) == self.ROOT

    @given(st.lists(st.text(st.sampled_from("ab./\\:\0~C\ud800 "), max_size=12), max_size=4))
    def test_no_name_leaves_the_folder(self, parts: list[str]) -> None:
        try:
            path = safe_join(self.ROOT, *parts)
        except UnsafePath:
            return
        assert os.path.commonpath([self.ROOT, os.path.normpath(path)]) == str(self.ROOT)
        assert "\0" not in str(path)

    @given(st.text(max_size=40))
    def test_no_text_at_all_leaves_the_folder(self, name: str) -> None:
        try:
            path = safe_join(self.ROOT, name)
        except UnsafePath:
            return
        assert os.path.commonpath([self.ROOT, os.path.normpath(path)]) == str(self.ROOT)


class TestLinks:
    @pytest.fixture
    def elsewhere(self, folders: Folders, tmp_path: Path) -> Path:
        """A folder outside, with a link to it in each place."""
        folders.lay_out()
        elsewhere = tmp_path / "elsewhere"
        touch(elsewhere / "a.png")
        for place in ("input", "output", "models/vae"):
            (tmp_path / place / "link").symlink_to(elsewhere)
        (tmp_path / "input" / "loop").symlink_to("loop")
        return elsewhere

    @pytest.mark.parametrize("name", ["link/a.png", "link", "loop", "link/a.png [output]"])
    def test_links_of_users_files_do_not_lead_out(self, folders: Folders, elsewhere: Path, name: str) -> None:
        with pytest.raises((UnsafePath, FileNotFoundError)):
            folders.resolve("input", name)

    def test_a_prefix_does_not_lead_out_by_a_link(self, folders: Folders, elsewhere: Path) -> None:
        with pytest.raises(UnsafePath, match="symbolic link"):
            folders.save_path("link/x")

    def test_links_of_models_do(self, folders: Folders, elsewhere: Path) -> None:
        assert folders.resolve("vae", "link/a.png").samefile(elsewhere / "a.png")

    def test_a_link_within_the_folder_is_fine(self, folders: Folders, elsewhere: Path, tmp_path: Path) -> None:
        touch(tmp_path / "input" / "b.png")
        (tmp_path / "input" / "c.png").symlink_to("b.png")
        assert folders.resolve("input", "c.png").name == "c.png"


class TestSaving:
    def test_a_prefix_says_less_than_it_could_on_some_systems(self, folders: Folders) -> None:
        assert folders.save_path("%date:hhmm%").name == "%date_hhmm%"
        assert folders.save_path("sub/portrait. ").name == "portrait"

    def test_the_first_file_is_number_one(self, folders: Folders) -> None:
        target = folders.save_path("portraits/ada")
        assert (target.name, target.counter, target.subfolder) == ("ada", 1, "portraits")
        assert target.folder == folders.directory("output") / "portraits"
        assert target.folder.is_dir()

    def test_without_a_subfolder_it_is_empty(self, folders: Folders) -> None:
        assert folders.save_path("ada", "temp").subfolder == ""
        assert folders.save_path("", "temp").name == ""

    def test_the_counter_is_one_more_than_the_largest(self, folders: Folders) -> None:
        output = folders.directory("output")
        names = ["ada_00007_.png", "ada_12_x.webp", "ada_99.png", "adam_00050_.png", "x_ada_00070_.png", "ada_x_.png"]
        touch(*(output / name for name in names))
        assert folders.save_path("ada").counter == 13

    def test_a_name_is_no_pattern(self, folders: Folders) -> None:
        touch(folders.directory("output") / "aXb_00009_.png")
        assert folders.save_path("a.b").counter == 1

    def test_size_and_time_are_filled_in(self, folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
        moment = time.struct_time((2031, 2, 3, 4, 5, 6, 0, 34, 0))
        monkeypatch.setattr(time, "localtime", lambda: moment)
        monkeypatch.setattr(time, "strftime", lambda form, when=moment, real=time.strftime: real(form, when))
        prefix = "%year%-%month%/%day%_%hour%.%minute%.%second%_%width%x%height%_%other%"
        target = folders.save_path(prefix, width=640, height=480)
        assert (target.subfolder, target.name) == ("2031-02", "03_04.05.06_640x480_%other%")

    def test_files_are_created_one_after_the_other(self, folders: Folders) -> None:
        target = folders.save_path("sub/ada_%batch_num%")
        for batch in range(2):
            with target.create(".png", batch) as file:
                file.write(b"x")
        assert sorted(os.listdir(target.folder)) == ["ada_0_00001_.png", "ada_1_00002_.png"]

    def test_two_jobs_do_not_overwrite_each_other(self, folders: Folders) -> None:
        one, other = folders.save_path("ada"), folders.save_path("ada")
        assert one.counter == other.counter
        for target in (one, other, one):
            target.create(".png").close()
        assert sorted(os.listdir(one.folder)) == ["ada_00001_.png", "ada_00002_.png", "ada_00003_.png"]
