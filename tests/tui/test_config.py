"""Settings: keys, theme, mouse, and the errors for invalid files."""

from __future__ import annotations

import pytest

from tui.host import Script, say
from workbench.engine.model_params import ModelParams
from workbench.errors import UsageError
from workbench.models.registry import resolve_model
from workbench.store.config import keep_theme, merge_settings, read_settings_file, user_file
from workbench.store.project import find_project
from workbench.tui import actions, key_names
from workbench.workspace.settings import KeyOverride, Settings


def own(**chosen: str) -> Settings:
    return Settings(keys={id: KeyOverride(tuple(text.split()), f"workbench.toml:{n}") for n, (id, text) in
                          enumerate(chosen.items(), 1)})  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write workbench.toml and the user's file, and read the merged settings."""
    (tmp_path / "journeys").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def written(text: str, user: str = "") -> Settings:
        (tmp_path / "workbench.toml").write_text(text)
        user_file().parent.mkdir(parents=True, exist_ok=True)
        user_file().write_text(user)
        return merge_settings(find_project().config)

    return written


def test_a_custom_key_runs_its_action_and_is_shown_everywhere(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape")
        assert "m annotate" in bench.text().splitlines()[-1]
        await bench.press("a")
        assert "Annotate this step" not in bench.text()
        await bench.press("m")
        assert "Annotate this step" in bench.text()
        await bench.press("ctrl+s")
        assert "annotated · Z saves the conversation with it" in bench.text()
        await bench.press("question_mark")
        line = next(line for line in bench.pane("#results").splitlines() if "Annotate the step" in line)
        assert " m " in line

    play(flow, Script([say("hi")]), settings=own(annotate="m", save="Z"))


def test_keys_can_be_swapped_and_an_action_can_lose_its_key(play):
    async def flow(bench):
        await bench.say("hello")
        await bench.press("escape", "f")
        assert bench.app.session is bench.session
        await bench.press("t")
        assert "Annotate this step" in bench.text()
        await bench.press("escape", "ctrl+f", *"hello", "enter")
        assert "1 of 1" in bench.text()
        await bench.press("ctrl+p", *"fork", "enter")
        assert bench.app.session is not bench.session

    play(flow, Script([say("hi")]), settings=own(annotate="t", save="a", fork="", find="/ ctrl+f"))


def test_the_hint_of_an_empty_conversation_shows_the_custom_keys(play):
    async def flow(bench):
        assert "esc, then F5 changes" in bench.pane("#chat").replace("f5", "F5")

    play(flow, settings=own(setup="f5"))


def test_the_key_to_quit_can_be_changed(play):
    async def flow(bench):
        await bench.press("ctrl+q")
        assert bench.app.is_running
        await bench.press("ctrl+x")
        assert bench.app.return_code == 0

    play(flow, settings=own(quit="ctrl+x"))


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"mrak": "m"}, "unknown action 'mrak'"),
        ({"anotate": "m"}, "unknown action 'anotate'; did you mean annotate?"),
        ({"annotate": "hyper+m"}, "annotate: unknown key 'hyper+m'"),
        ({"annotate": "t"}, "annotate: key t is already bound to save"),
        ({"annotate": "m", "save": "m"}, "save: key m is already bound to annotate"),
        ({"annotate": "ctrl+i"}, "ctrl+i cannot be used: it arrives as tab"),
        ({"annotate": "ctrl+h"}, "ctrl+h cannot be used: it arrives as backspace"),
        ({"annotate": "alt+enter"}, "alt+enter cannot be used: it arrives as enter"),
        ({"annotate": "ctrl+shift+k"}, "ctrl+shift+k cannot be used"),
        ({"quit": "q"}, "quit also works while you type, so q cannot be its key"),
    ],
)
def test_an_invalid_key_is_reported_with_its_line(chosen, says):
    with pytest.raises(UsageError) as error:
        actions.apply_overrides(own(**chosen).keys)
    assert says in error.value.message
    assert error.value.where.startswith("workbench.toml:")
    assert actions.key("annotate") == "a"


@pytest.mark.parametrize(
    ("written", "named"),
    [("?", "question_mark"), ("G", "G"), ("/", "slash"), ("ctrl+n", "ctrl+n"), ("F2", "f2"), ("space", "space"),
     ("esc", "escape"), ("↓", "down"), ("shift+tab", "shift+tab"), (",", "comma"), ("slash", "slash")],
)  # fmt: skip
def test_keys_are_written_as_in_the_documentation(written, named):
    assert key_names.parse(written) == named


def test_every_key_of_the_table_can_be_written():
    for action in actions.ACTIONS:
        for key in filter(None, action.keys.split(",")):
            assert key_names.parse(key_names.display(key)) == key


def test_the_settings_of_the_project_override_those_of_the_user(project):
    found = project(
        'theme = "light"\n[keys]\nannotate = "m"',
        'theme = "dark"\nmouse = false\n[keys]\nannotate = "M"\nfork = ""',
    )
    assert found.theme == "light"
    assert found.mouse is False
    assert found.keys["annotate"] == KeyOverride(("m",), "workbench.toml:3")
    assert found.keys["fork"].keys == ()


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("colour = 1", "workbench.toml:1", "unknown setting 'colour'"),
        ('agent = "a"\ntheme = "pink"', "workbench.toml:2", "theme must be one of dark, light, terminal"),
        ("\nmouse = 1", "workbench.toml:2", "mouse must be true or false"),
        ('[keys]\n\nfind = ["slash", 3]', "workbench.toml:3", "find must be a key, or a list of keys"),
        ('agent = "a"\n[keys\n', "workbench.toml:2", "not TOML"),
    ],
)
def test_an_invalid_setting_is_reported_with_its_line(project, text, where, says):
    with pytest.raises(UsageError) as error:
        project(text)
    assert says in error.value.message
    assert error.value.where == where


def test_the_settings_file_of_the_user_cannot_set_an_agent(project):
    with pytest.raises(UsageError) as error:
        project("", 'agent = "a"')
    assert error.value.where == f"{user_file()}:1"
    assert read_settings_file(user_file().parent / "none.toml") == {}


def test_the_theme_is_that_of_the_settings(play, monkeypatch):
    monkeypatch.delenv("WORKBENCH_THEME", raising=False)

    async def flow(bench):
        assert bench.app.theme == "workbench-light"

    play(flow, settings=Settings(theme="light"))


def test_the_mouse_cannot_be_turned_off_on_screen_and_a_note_names_the_option(play):
    async def flow(bench):
        await bench.press("ctrl+p", *"mouse on", "enter")
        assert "start with --no-mouse" in bench.text()

    play(flow)


def test_help_shows_why_an_action_is_unavailable_and_does_not_run_it(play):
    async def flow(bench):
        await bench.press("escape")
        assert "t save" not in bench.text().splitlines()[-1]
        await bench.press("question_mark", *"transcript", "enter")
        assert "unavailable: there is no conversation to save yet" in bench.pane("#results")
        assert "unavailable now: there is no conversation to save yet" in bench.text()

    play(flow)


@pytest.mark.parametrize(
    ("text", "name", "params"),
    [
        ('model = "claude"', "claude", ModelParams()),
        ('[model]\nname = "claude-sonnet-5"', "claude-sonnet-5", ModelParams()),
        ("[model]\ntemperature = 0.2\nmax_tokens = 4000", "", ModelParams(0.2, 4000)),
        ('model = { name = "claude", thinking = "off" }', "claude", ModelParams(thinking="off")),
        ("model.thinking = 2048", "", ModelParams(thinking=2048)),
        ("[model]\ntemperature = 1", "", ModelParams(1)),
    ],
)
def test_the_model_and_its_parameters_are_settings_of_the_project(project, text, name, params):
    project(text)
    found = find_project()
    assert (found.model, found.params) == (name, params)


@pytest.mark.parametrize(
    ("text", "line", "names"),
    [
        ("[model]\n\ntemperature = 2", 3, "temperature"),
        ("[model]\ntemperature = true", 2, "temperature"),
        ('[model]\ntemperature = "low"', 2, "temperature"),
        ("[model]\ntemperature = nan", 2, "temperature"),
        ("[model]\nmax_tokens = 0", 2, "max_tokens"),
        ("[model]\nmax_tokens = 1.5", 2, "max_tokens"),
        ('[model]\nthinking = "yes"', 2, "thinking"),
        ("[model]\nthinking = true", 2, "thinking"),
        ("[model]\nthinking = 100", 2, "thinking"),
        ("[model]\nmax_tokens = 2000\nthinking = 4000", 3, "max_tokens"),
        ("[model]\nthinking = 4000\ntemperature = 0.5", 2, "temperature"),
        ("[model]\ntemprature = 0.5", 2, "did you mean temperature"),
        ("[model]\nname = 3", 2, "name"),
        ("\nmodel = 3", 2, "model"),
        ("\nmodel = { temperature = 7 }", 2, "temperature"),
        ("\n[replay]\nenvironment = 3", 3, "environment"),
        ("[replay]\n\ndata = [1]", 3, "data"),
        ("\nmdoel = 1", 2, "unknown setting"),
    ],
)
def test_an_invalid_parameter_is_reported_with_its_line(project, text, line, names):
    with pytest.raises(UsageError) as error:
        project(text)
    assert names in error.value.message
    assert error.value.where == f"workbench.toml:{line}"


@pytest.mark.parametrize("text", ['agent = "a"\nmodel = "gpt"', '[model]\nname = "gpt"'])
def test_an_unknown_model_is_reported_with_its_line(project, text):
    project(text)
    found = find_project()
    with pytest.raises(UsageError, match="gpt") as error:
        resolve_model("", found.model, found.model_where)
    assert error.value.where == "workbench.toml:2"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'theme = "light"\n'),
        ('# mine\ntheme = "dark"  # night\nmouse = false\n', '# mine\ntheme = "light"\nmouse = false\n'),
        ('[keys]\nannotate = "m"\n', 'theme = "light"\n[keys]\nannotate = "m"\n'),
        ('mouse = true\n\n[keys]\ntheme = "f7"\n', 'theme = "light"\nmouse = true\n\n[keys]\ntheme = "f7"\n'),
    ],
)
def test_the_chosen_theme_is_written_to_the_settings_of_the_user(project, monkeypatch, before, after):
    monkeypatch.delenv("WORKBENCH_THEME", raising=False)
    project("", before)
    assert str(user_file()) in keep_theme("light", {})
    assert user_file().read_text() == after
    assert merge_settings({}).theme == "light"


def test_a_theme_that_something_else_sets_is_not_kept_and_names_it(project, monkeypatch):
    project("", "")
    assert "workbench.toml" in keep_theme("light", {"theme": "dark"})
    monkeypatch.setenv("WORKBENCH_THEME", "dark")
    assert "WORKBENCH_THEME" in keep_theme("light", {})
    assert user_file().read_text() == ""


def test_the_theme_says_where_it_is_kept(play):
    async def flow(bench):
        bench.app.keep_theme = lambda theme: f"kept: {theme}"
        await bench.press("ctrl+p", *"theme", "enter")
        assert "kept: " in bench.text()

    play(flow)
