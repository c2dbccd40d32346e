"""The components of one kind, by name."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from platypose.api import BuildContext, Config, Kind, Spec, UserError, all_kinds
from platypose.api.errors import close_matches

if TYPE_CHECKING:
    from platypose.config import Chosen

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Entry(Generic[T]):
    """A spec and where it came from.

    Attributes:
        spec: what the plugin announced.
        distribution: the name of the installed package, "local" for one registered by hand.
        version: of that package.
    """

    spec: Spec[T]
    distribution: str
    version: str

    def load(self, kind: Kind[T]) -> Callable[[Any, BuildContext], T]:
        """Import the factory.

        Raises:
            UserError: the import fails, the name is missing, or its return annotation (or itself,
                if it is a class) is not of the kind's protocol.
        """
        factory = self.spec.factory
        where = f"{kind.name} {self.spec.name!r} of {self.distribution}"
        if isinstance(factory, str):
            module, _, name = factory.partition(":")
            try:
                factory = getattr(importlib.import_module(module), name)
            except (Exception, SystemExit) as error:
                raise UserError(
                    f"The factory {factory!r} of {where} cannot be imported "
                    f"({type(error).__name__}: {error})."
                ) from error
        if not callable(factory):
            raise UserError(f"The factory {self.spec.factory!r} of {where} cannot be called.")
        _check_product(factory, kind, where)
        return factory


@attrs.define
class Registry(Generic[T]):
    """All components of one kind.

    `Registry[Energy].build` returns an `Energy`, for a type checker too.
    """

    kind: Kind[T]
    entries: list[Entry[T]] = attrs.field(factory=list)
    failed_plugins: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """What `find` accepts, sorted; a name given twice stands as `distribution:name`."""
        bare = [entry.spec.name for entry in self.entries]
        return sorted(
            entry.spec.name
            if bare.count(entry.spec.name) == 1
            else f"{entry.distribution}:{entry.spec.name}"
            for entry in self.entries
        )

    def find(self, name: str) -> Entry[T]:
        """The component called `name`, or `distribution:name`.

        Raises:
            UserError: there is none, or more than one.
        """
        distribution, _, bare = name.rpartition(":")
        found = [
            entry
            for entry in self.entries
            if entry.spec.name == bare and distribution in ("", entry.distribution)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            choices = " or ".join(f"{entry.distribution}:{bare}" for entry in found)
            raise UserError(
                f"The {self.kind.name} {bare!r} comes from {len(found)} packages; write {choices}."
            )
        failed = (
            f"; these plugins failed to load: {', '.join(self.failed_plugins)} (see "
            "platypose plugins --check)"
            if self.failed_plugins
            else ""
        )
        raise UserError(
            f"There is no {self.kind.noun or self.kind.name} {name!r}"
            f"{close_matches(name, self.names())}{failed}."
        )

    def register(
        self,
        name: str,
        config: type[Config],
        factory: Callable[[Any, BuildContext], T],
        summary: str = "",
    ) -> None:
        """Add a component of this process alone, as in a notebook.

        Raises:
            UserError: there is a local one of that name.
        """
        entry = Entry(spec=Spec(name, config, factory, summary), distribution="local", version="0")
        if any((e.spec.name, e.distribution) == (name, "local") for e in self.entries):
            raise UserError(f"The {self.kind.name} {name!r} is registered already.")
        self.entries.append(entry)

    def configure(self, name: str, options: Mapping[str, Any], *, version: int = 1) -> Config:
        """Check raw options, after bringing those of an older version up to date.

        Raises:
            UserError: the name or an option is wrong, or the version is newer than the plugin.
        """
        from platypose.config import structure

        entry = self.find(name)
        where = f"The {self.kind.name} {name!r} of {entry.distribution} {entry.version}"
        if version > entry.spec.config_version:
            raise UserError(
                f"{where} knows configurations up to version {entry.spec.config_version}, not "
                f"{version}; upgrade it with: pip install -U {entry.distribution}"
            )
        if version < entry.spec.config_version:
            if entry.spec.migrate is None:
                raise UserError(f"{where} can no longer read configurations of version {version}.")
            options = entry.spec.migrate(options, version)
        return structure(dict(options), entry.spec.config, f"{self.kind.name} {name!r}")

    def build(self, chosen: Chosen[T], context: BuildContext) -> T:
        """Build a chosen component.

        Raises:
            UserError: unknown name, or a factory that is broken or gives something else.
        """
        entry = self.find(chosen.name)
        component = entry.load(self.kind)(chosen.config, context)
        if not isinstance(component, self.kind.protocol):
            raise UserError(
                f"The factory of {self.kind.name} {chosen.name!r} of {entry.distribution} gave a "
                f"{type(component).__name__}, which is no {self.kind.protocol.__name__}."
            )
        return component


def _check_product(factory: Any, kind: Kind[Any], where: str) -> None:
    """Refuse a factory that plainly makes something else; `build` looks at the product itself."""
    product = factory if isinstance(factory, type) else _returned(factory)
    if not isinstance(product, type) or product is Any:
        return
    another = product in [k.protocol for k in all_kinds().values() if k is not kind]
    if another or not _has_methods(product, kind.protocol):
        raise UserError(
            f"The factory of {where} makes a {product.__name__}, which is no "
            f"{kind.protocol.__name__}."
        )


def _returned(factory: Any) -> Any:
    """The return annotation, or None where there is none or it cannot be resolved."""
    try:
        return typing.get_type_hints(factory).get("return")
    except Exception:
        return None


def _has_methods(product: type[Any], protocol: type[Any]) -> bool:
    """Whether a class has every method that a protocol names; properties may be set in `__init__`.

    Looked for in the bases: `hasattr(cls, "__call__")` is true for every class.
    """
    methods = {
        name
        for name, value in vars(protocol).items()
        if callable(value) and (name == "__call__" or not name.startswith("_"))
    }
    return methods <= {name for base in product.__mro__ for name in vars(base)}
