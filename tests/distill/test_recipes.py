from __future__ import annotations

from typing import get_args

import pytest
import torch
import tyro

from distill.objective import ObjectiveChanges, ObjectiveConfig, objective_loss
from distill.recipes import RECIPES, RecipeName, chosen, tiekd
from distill.run import DistillConfig, recipe_of, resolved
from mde.bins import Bins
from mde.domain import DOMAINS, DRIVING, INDOOR
from mde.dpm import bin_mass_target
from mde.errors import InputError
from mde.nets.output import Output
from tests.distill.test_losses import depths
from tests.distill.test_ssim import slow_ssim


def terms_of(objective: ObjectiveConfig) -> dict[str, float]:
    return {term: weight for term, weight in objective.weights.items() if weight}


# Weights on KITTI (driving) and NYU (indoor) as they stand in the released configurations, and our two.
@pytest.mark.parametrize(
    ("name", "driving", "indoor"),
    [
        ("default", {"dpm": 1.0, "ssim": 3.0, "gradient": 0.5, "log": 0.5}, None),
        ("nyu", {"dpm": 1.0, "ssim": 1.0, "gradient": 0.5, "silog": 0.5}, None),
        ("tiekd", {"dpm": 1.0, "ssim": 9.0}, None),
        ("tiekd-reference", {"dpm": 1.0, "ssim": 9.0}, None),
        ("tiekd-dpm-only", {"dpm": 1.0}, None),
        ("response-si", {"silog": 1.0}, {"silog": 1.5}),
        ("response-mse", {"mse": 1.0}, None),
        ("response-ssim", {"ssim": 1.5}, None),
        ("response-ssim-si", {"ssim": 1.5, "silog": 1.0}, {"ssim": 1.5, "silog": 1.5}),
        ("response-ssim-mse", {"ssim": 1.5, "mse": 1.0}, None),
    ],
)
def test_a_recipe_has_its_terms_and_no_other(
    name: RecipeName, driving: dict[str, float], indoor: dict[str, float] | None
) -> None:
    assert terms_of(RECIPES[name](DRIVING).objective) == driving
    assert terms_of(RECIPES[name](INDOOR).objective) == (indoor or driving)


def test_only_tiekd_has_uniform_bins_and_skips_rows_and_only_on_driving_images() -> None:
    for name, recipe in RECIPES.items():
        is_tiekd = name.startswith("tiekd")
        assert recipe(DRIVING).spacing == recipe(INDOOR).spacing == ("uniform" if is_tiekd else "log")
        assert recipe(DRIVING).objective.skip_top == (110 / 352 if is_tiekd else 0.0)
        assert recipe(INDOOR).objective.skip_top == 0.0
        assert recipe(INDOOR).objective.target == ("reference" if name == "tiekd-reference" else "bin_mass")


def test_every_recipe_suits_every_domain() -> None:
    assert set(RECIPES) == set(get_args(RecipeName))
    for name in RECIPES:
        for domain in DOMAINS.values():
            assert chosen(name, domain, ObjectiveChanges(), None) == RECIPES[name](domain)


def test_the_uniform_bins_of_the_benchmarks_are_those_of_tiekd() -> None:
    assert DRIVING.uniform_bins == Bins(spacing="uniform", low=1e-3, high=80.0, num_bins=257, sigma=0.5)
    assert INDOOR.uniform_bins == Bins(spacing="uniform", low=1e-3, high=10.0, num_bins=49, sigma=0.15)
    assert DRIVING.uniform_bins.width == pytest.approx(0.3113, abs=5e-5)
    assert INDOOR.uniform_bins.width == pytest.approx(0.2041, abs=5e-5)
    for domain in DOMAINS.values():
        assert (domain.uniform_bins.low, domain.uniform_bins.high) == domain.depth_range_m
        assert domain.bins_spaced("uniform") is domain.uniform_bins and domain.bins_spaced("log") is domain.bins


def test_tiekds_sum_agrees_with_its_formula_at_full_size() -> None:
    """1 KL + 9 (1 - SSIM) on the lower 242 of 352 rows, from log-probabilities and window sums written out here."""
    bins, y, d = DRIVING.uniform_bins, depths(0, batch=1, height=32).float(), depths(1, batch=1, height=32).float()
    logits = torch.randn(1, bins.num_bins, 32, 16, generator=torch.Generator().manual_seed(2))
    loss, _ = objective_loss(Output(depth_m=y, dpm_logits=logits), d, bins, tiekd(DRIVING).objective)
    q, log_p = bin_mass_target(d, bins).double(), torch.log(torch.softmax(logits.double(), dim=1))
    kl = torch.where(q > 0, q * (q.clamp_min(1e-300).log() - log_p), 0.0).sum(dim=1)[:, 10:].mean()
    similarity = slow_ssim(y[0, 0, 10:].double(), d[0, 0, 10:].double())
    assert loss.item() == pytest.approx((kl + 9 * (1 - similarity)).item(), rel=1e-5)


@pytest.mark.parametrize("domain", [DRIVING, INDOOR], ids=lambda domain: domain.name)
def test_the_si_baseline_is_tiekds_up_to_its_millimetre(domain) -> None:  # type: ignore[no-untyped-def]
    """s sqrt(Var g + 0.15 mean(g)^2), g = ln(y + 1e-3) - ln(d + 1e-3), s 1 on KITTI and 1.5 on NYU."""
    y, d = depths(0, batch=1), depths(1, batch=1)
    g = (y + 1e-3).log() - (d + 1e-3).log()
    scale = {"driving": 1.0, "indoor": 1.5}[domain.name]
    expected = scale * (g.var(correction=0) + 0.15 * g.mean() ** 2).sqrt()
    loss, _ = objective_loss(Output(depth_m=y), d, None, RECIPES["response-si"](domain).objective)
    assert loss.item() == pytest.approx(expected.item(), rel=2e-3)


def test_the_share_of_the_dpm_term_is_convex() -> None:
    assert terms_of(tiekd(INDOOR, dpm_share=0.0).objective) == {"ssim": 10.0}
    assert terms_of(tiekd(INDOOR, dpm_share=1.0).objective) == {"dpm": 10.0}
    for share in (1.5, -0.1, float("nan")):  # 1.5 stands in a released configuration
        with pytest.raises(InputError, match="must lie in 0..1"):
            tiekd(INDOOR, dpm_share=share)


def parsed(*arguments: str) -> DistillConfig:
    return tyro.cli(DistillConfig, args=["--teacher", "demo", *arguments])


def test_an_option_changes_one_thing_of_a_recipe_even_to_a_number_of_the_default() -> None:
    config = parsed("--recipe", "tiekd", "--objective.ssim-weight", "3", "--bins", "log")
    recipe = recipe_of(config, "indoor")
    assert terms_of(recipe.objective) == {"dpm": 1.0, "ssim": 3.0} and recipe.spacing == "log"


def test_a_weight_of_zero_leaves_a_term_of_the_recipe_out() -> None:
    config = parsed("--objective.dpm-weight", "0", "--objective.normal-weight", "0.1")
    expected = {"ssim": 3.0, "gradient": 0.5, "log": 0.5, "normal": 0.1}
    assert terms_of(recipe_of(config, "driving").objective) == expected


def test_a_resolved_run_says_everything_and_resolves_to_itself() -> None:
    config = resolved(parsed("--recipe", "response-si"), "indoor")
    assert config.bins == "log" and config.objective.silog_weight == 1.5 and config.objective.dpm_weight == 0.0
    assert resolved(config, "indoor") == config


def test_the_released_target_needs_uniform_bins_and_says_how_to_get_them() -> None:
    released = ("--objective.target", "reference")
    with pytest.raises(InputError, match="add --bins uniform"):
        recipe_of(parsed(*released), "indoor")
    with pytest.raises(InputError, match="add --bins uniform"):
        recipe_of(parsed("--recipe", "tiekd-reference", "--bins", "log"), "driving")
    assert recipe_of(parsed(*released, "--bins", "uniform"), "indoor").objective.target == "reference"
