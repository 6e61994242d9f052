"""Status of the service: model, health, readiness."""

from __future__ import annotations

from trip_duration.features.transformer import FEATURES
from trip_duration.serving.answers import coverage_of
from trip_duration.serving.responses import Health, ModelResponse, Readiness
from trip_duration.serving.service import Service


def describe_model(service: Service) -> ModelResponse:
    """Return what is known of the model that answers.

    Raises:
        Problem: If there is none.
    """
    served = service.served
    predictor = served.predictor
    facts = dict(predictor.facts)
    feature_by_name = {feature.name: feature for feature in FEATURES}
    used = [vars(feature_by_name[name]) for name in predictor.transformer.selected_]
    return ModelResponse.model_validate(
        {
            **served.name,
            "family": predictor.family,
            "source": served.source,
            "loaded_at": served.loaded_at,
            "coverage": coverage_of(served),
            "train_months": facts.get("train_months"),
            "data_digest": facts.get("data_digest"),
            "metrics": served.metrics,
            "facts": facts,
            "features": used,
        }
    )


def health(service: Service) -> Health:
    """Return the health of the service."""
    served = service.holder.current
    if served is None:
        return Health(status="unavailable", model_loaded=False, version=None)
    loaded = not served.fallback
    status = "ok" if loaded else "degraded"
    return Health.model_validate(
        {"status": status, "model_loaded": loaded, "version": served.version}
    )


def readiness(service: Service) -> Readiness:
    """Return the readiness of the service."""
    served = service.holder.current
    if served is None:
        return Readiness(ready=False, reason="no model could be loaded", model=None)
    reason = "the lookup table stands in for a model" if served.fallback else "a verified model"
    ready = not served.fallback or service.settings.ready_on_fallback
    return Readiness.model_validate({"ready": ready, "reason": reason, "model": served.name})
