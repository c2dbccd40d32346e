"""Loading plugins one by one, so that a broken one harms nobody but itself.

pluggy would drop a second distribution with the same entry-point name in silence, and let one
failing import end the whole loop; so the loop is ours, and pluggy checks and calls the hooks.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection
from typing import Any, TypeVar

import attrs
import pluggy

from platypose.api import API_VERSION, Kind, Spec, UserError, all_kinds
from platypose.api.errors import close_matches
from platypose.registry.registry import Entry, Registry

T = TypeVar("T")

GROUP = "platypose"
"""The entry-point group of plugin modules."""


@attrs.frozen(kw_only=True)
class Fault:
    """Something wrong with a plugin, for `platypose plugins --check`."""

    distribution: str
    plugin: str
    reason: str


@attrs.frozen(kw_only=True)
class Plugin:
    """One entry point.

    Attributes:
        name: of the entry point.
        distribution: the package that declares it.
        version: of that package.
        status: "ok", "failed", or "not selected".
    """

    name: str
    distribution: str
    version: str
    status: str


class Plugins:
    """Everything that discovery found, good and bad."""

    def __init__(self) -> None:
        self.plugins: list[Plugin] = []
        self.faults: list[Fault] = []
        self.commands: dict[str, Any] = {}
        self._registries: dict[str, Registry[Any]] = {
            name: Registry(kind) for name, kind in all_kinds().items()
        }

    def registry(self, kind: Kind[T]) -> Registry[T]:
        """The components of one kind."""
        registry: Registry[T] = self._registries[kind.name]
        return registry

    def check_factories(self) -> list[Fault]:
        """Import every factory, and report those that are missing or make something else."""
        faults = []
        for kind in all_kinds().values():
            for entry in self.registry(kind).entries:
                try:
                    entry.load(kind)
                except UserError as error:
                    faults.append(
                        Fault(
                            distribution=entry.distribution,
                            plugin=entry.spec.name,
                            reason=str(error),
                        )
                    )
        return faults


def discover(select: Collection[str] | None = None) -> Plugins:
    """Load every installed plugin, or only the selected entry-point names.

    Arguments:
        select: names to load; None loads all, an empty collection none.
    """
    found = Plugins()
    manager = _manager()
    points = [
        (point, *_distribution(point)) for point in importlib.metadata.entry_points(group=GROUP)
    ]
    for point, distribution, version in sorted(points, key=lambda row: (row[0].name, row[1])):
        status = "not selected"
        if select is None or point.name in select:
            try:
                _load(point, distribution, version, manager, found)
                status = "ok"
            except (Exception, SystemExit) as error:
                reason = str(error) if isinstance(error, _PluginError) else _describe(error)
                found.faults.append(
                    Fault(distribution=distribution, plugin=point.name, reason=reason)
                )
                status = "failed"
        found.plugins.append(
            Plugin(name=point.name, distribution=distribution, version=version, status=status)
        )
    _report_doubles(found)
    failed = tuple(sorted({p.distribution for p in found.plugins if p.status == "failed"}))
    for name in all_kinds():
        found._registries[name].failed_plugins = failed
    for name in sorted(set(select or ()) - {plugin.name for plugin in found.plugins}):
        found.faults.append(Fault(distribution="-", plugin=name, reason="no such plugin"))
    return found


class _PluginError(Exception):
    """A reason that needs no exception name before it."""


def _manager() -> pluggy.PluginManager:
    from platypose.api import kinds
    from platypose.cli import hooks

    manager = pluggy.PluginManager("platypose")
    for kind in kinds.all_kinds().values():
        manager.add_hookspecs(_namespace(kind.hook))
    manager.add_hookspecs(hooks)
    return manager


def _namespace(function: Any) -> type:
    return type("HookSpecs", (), {function.__name__: staticmethod(function)})


def _load(
    point: importlib.metadata.EntryPoint,
    distribution: str,
    version: str,
    manager: pluggy.PluginManager,
    found: Plugins,
) -> None:
    module = point.load()
    _check_api(module)
    _check_hooks(module, manager)
    entries = []
    for kind in all_kinds().values():
        specs = _call(module, kind.hook.__name__)
        for spec in specs:
            _check_spec(spec, kind)
            entries.append((kind, Entry(spec=spec, distribution=distribution, version=version)))
        _check_names([spec.name for spec in specs], kind)
    commands = _call(module, "platypose_commands")
    if commands:
        _check_commands(commands, found)
    manager.register(module, name=f"{distribution}:{point.name}")
    # All or nothing: a plugin that fails half-way leaves no component behind.
    for kind, entry in entries:
        found._registries[kind.name].entries.append(entry)
    found.commands.update(commands)


def _check_api(module: Any) -> None:
    number = getattr(module, "PLATYPOSE_API", None)
    if number is None:
        raise _PluginError(f"does not state its API; add PLATYPOSE_API = {API_VERSION}")
    if number != API_VERSION:
        raise _PluginError(
            f"is written for API {number!r}, but this platypose has API {API_VERSION}"
        )


def _check_hooks(module: Any, manager: pluggy.PluginManager) -> None:
    known = [name for name in vars(manager.hook) if name.startswith("platypose_")]
    for name in sorted(vars(module)):
        if not name.startswith("platypose_") or not callable(getattr(module, name)):
            continue
        if name not in known:
            raise _PluginError(f"has a hook {name}, which is unknown{close_matches(name, known)}")
        if manager.parse_hookimpl_opts(module, name) is None:
            raise _PluginError(f"has a function {name} without @hookimpl")


def _call(module: Any, hook: str) -> list[Any]:
    if not hasattr(module, hook):
        return []
    try:
        return list(getattr(module, hook)())
    except Exception as error:
        raise _PluginError(f"its hook {hook} raised {_describe(error)}") from error


def _check_spec(spec: Any, kind: Kind[Any]) -> None:
    if not isinstance(spec, Spec):
        raise _PluginError(f"its hook {kind.hook.__name__} gave {spec!r}, which is no Spec")
    if not (isinstance(spec.config, type) and issubclass(spec.config, kind.config)):
        raise _PluginError(
            f"the config of {kind.name} {spec.name!r} must derive from {kind.config.__name__}"
        )
    if ":" in spec.name or "=" in spec.name or not spec.name:
        raise _PluginError(f"the name {spec.name!r} of a {kind.name} must not hold ':' or '='")
    if isinstance(spec.factory, str) and spec.factory.count(":") != 1:
        raise _PluginError(
            f"the factory {spec.factory!r} of {kind.name} {spec.name!r} must have the form "
            "package.module:callable"
        )


def _check_names(names: list[str], kind: Kind[Any]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _PluginError(f"its hook {kind.hook.__name__} gave the name {name!r} twice")


def _check_commands(commands: list[Any], found: Plugins) -> None:
    import typer

    from platypose.cli.hooks import CORE_COMMANDS

    for command in commands:
        match command:
            case (str(name), typer.Typer()):
                if name in CORE_COMMANDS or name in found.commands:
                    raise _PluginError(f"its command {name!r} is there already")
            case _:
                raise _PluginError(
                    "its hook platypose_commands must give pairs of a name and a typer.Typer"
                )


def _report_doubles(found: Plugins) -> None:
    by_name: dict[str, list[Plugin]] = {}
    for plugin in found.plugins:
        if plugin.status == "not selected":
            continue
        by_name.setdefault(plugin.name, []).append(plugin)
    for name, plugins in by_name.items():
        for plugin in plugins if len(plugins) > 1 else ():
            others = ", ".join(p.distribution for p in plugins if p is not plugin)
            reason = f"the entry-point name {name!r} is also that of {others}"
            found.faults.append(Fault(distribution=plugin.distribution, plugin=name, reason=reason))
    for kind in all_kinds().values():
        entries = found.registry(kind).entries
        for entry in entries:
            others = ", ".join(
                e.distribution for e in entries if e is not entry and e.spec.name == entry.spec.name
            )
            if others:
                reason = (
                    f"the {kind.name} {entry.spec.name!r} is also that of {others}; write "
                    f"{entry.distribution}:{entry.spec.name}"
                )
                found.faults.append(
                    Fault(distribution=entry.distribution, plugin=entry.spec.name, reason=reason)
                )


def _distribution(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    if point.dist is None:
        return "unknown", "0"
    metadata = point.dist.metadata  # parsed anew at each access
    return metadata["Name"], metadata["Version"]


def _describe(error: BaseException) -> str:
    text = str(error) or "no message"
    return f"{type(error).__name__}: {text}"
