"""scikit-learn's contract of estimators, kept without importing scikit-learn.

Who only predicts starts a second sooner for it. What is asked of an estimator is written in
scikit-learn's manual, "Developing scikit-learn estimators"; its own checks prove it in the tests.
"""

from __future__ import annotations

import inspect
from typing import Any, Self


class Contract:
    """The part of the contract that all estimators and transformers have in common."""

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the constructor; none of them is an estimator itself."""
        del deep
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params: Any) -> Self:
        """Change arguments of the constructor.

        Raises:
            ValueError: If there is no such argument.
        """
        known = self._get_param_names()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no {name}: it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Write the call that makes it."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({given})"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what it is."""
        from sklearn.utils import Tags, TargetTags  # noqa: PLC0415 - asked by scikit-learn alone

        return Tags(estimator_type=None, target_tags=TargetTags(required=True))

    def _require(self, fitted: str) -> None:
        """Raise scikit-learn's own error if it has not this attribute, which fitting gives."""
        if not hasattr(self, fitted):
            from sklearn.exceptions import NotFittedError  # noqa: PLC0415 - not to be seen again

            raise NotFittedError(f"this {type(self).__name__} is not fitted: call fit first")
