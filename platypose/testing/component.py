"""What holds for a component of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import attrs
import torch
import yaml

from platypose.api import BuildContext, Kind
from platypose.config import Chosen, load_yaml, unstructure
from platypose.registry import plugins
from platypose.skeleton import H36M_17

T = TypeVar("T")


class ComponentContract(Generic[T]):
    """Builds the component under test through the registry, by its name.

    Attributes:
        name: of the component, as users type it.
        options: its options, where the defaults do not suit a test.
        device: where it is built.
    """

    kind: ClassVar[Kind[Any]]
    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    device: ClassVar[str] = "cpu"

    def context(self, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> BuildContext:
        """What the component is built with: the 17 joints, and a generator with this seed."""
        device = torch.device(self.device)
        return BuildContext(
            skeleton=H36M_17,
            device=device,
            dtype=dtype,
            generator=torch.Generator(device).manual_seed(seed),
        )

    def build(self, context: BuildContext | None = None) -> T:
        """The component, with `options`."""
        registry = plugins().registry(self.kind)
        chosen: Chosen[T] = Chosen(self.name, registry.configure(self.name, self.options))
        component: T = registry.build(chosen, context or self.context())
        return component

    def test_configuration_survives_a_round_trip(self) -> None:
        """A run can be repeated from the YAML file that it saved."""
        registry = plugins().registry(self.kind)
        config = registry.configure(self.name, self.options)
        text = yaml.safe_dump(unstructure(config))
        version = registry.find(self.name).spec.config_version
        again = registry.configure(self.name, load_yaml(text, self.name), version=version)
        assert again == config, f"{config} became {again} when it was written and read again"

    def test_every_option_is_documented(self) -> None:
        """`platypose show` has something to print."""
        config = plugins().registry(self.kind).find(self.name).spec.config
        bare = [field.name for field in attrs.fields(config) if not field.metadata.get("doc")]
        assert not bare, f"these options of {self.name} have no doc: {', '.join(bare)}"
