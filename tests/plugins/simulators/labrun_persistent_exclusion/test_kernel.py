"""The kernel against what is known without it: its rule in plain Python, a lone walker, α = 1, other groups' averages."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from labrun_persistent_exclusion import PersistentExclusion, kernel
from labrun_persistent_exclusion.kernel import Lattice
from labrun_persistent_exclusion.observables import observe

UP, RIGHT, DOWN, LEFT = range(4)
SHAPES = [(16, 24), (7, 31), (1, 40), (2, 3), (33, 5)]


def make_lattice(shape, particles, tumbling_rate, rng, state=None):
    """Particles at (row, column): orientation."""
    sites = np.array([row * shape[1] + column for row, column in particles], dtype=np.int64)
    state = rng.integers(2**64, size=4, dtype=np.uint64) if state is None else np.array(state, np.uint64)
    return Lattice(shape, sites, np.array(list(particles.values()), dtype=np.int64), tumbling_rate, state)


# --- the same in plain Python -----------------------------------------------------------------------------------------------


def xoshiro256pp(state):
    """The generator as its authors publish it, in whole numbers."""
    mask = 2**64 - 1

    def rotate(x, bits):
        return (x << bits | x >> (64 - bits)) & mask

    while True:
        yield (rotate((state[0] + state[3]) & mask, 23) + state[0]) & mask
        t = state[1] << 17 & mask
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= t
        state[3] = rotate(state[3], 45)


def plain_sweep(sites, orientations, shape, tumbling_rate, bits):
    """One sweep of the rule, word for word, on lists; a particle that was visited lies behind those that were not."""
    height, width = shape
    for left in range(len(sites), 0, -1):
        number = next(bits)
        chosen = (number >> 32) * left >> 32
        for particles in (sites, orientations):
            particles[chosen], particles[left - 1] = particles[left - 1], particles[chosen]
        row, column = sites[left - 1]
        down, across = [(-1, 0), (0, 1), (1, 0), (0, -1)][orientations[left - 1]]
        ahead = (row + down) % height, (column + across) % width
        if ahead not in sites:
            sites[left - 1] = ahead
        if (number >> 2) % 2**30 < tumbling_rate * 2**30:
            orientations[left - 1] = number % 4


def test_the_generator_gives_the_published_numbers():
    """From the tests of rand_xoshiro, which took them from the authors' C code."""
    published = [41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205, 9973669472204895162]
    state = [1, 2, 3, 4]
    compiled = []
    for _ in published:
        bits, *state = kernel.next_random(*map(np.uint64, state))
        compiled.append(bits)
    assert compiled == published
    assert list(itertools.islice(xoshiro256pp([1, 2, 3, 4]), len(published))) == published


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("density", "tumbling_rate"), [(0.15, 0.05), (0.6, 0.5), (0.9, 1.0), (0.5, 0.0)])
def test_a_run_is_that_of_the_rule_in_plain_python(shape, density, tumbling_rate, rng):
    particles = max(1, int(density * shape[0] * shape[1]))
    lattice = Lattice.random(shape, particles, tumbling_rate, rng)
    first = lattice.snapshot()
    places = lattice.words >> 2
    width = shape[1] + 2
    sites = [(int(place) // width - 1, int(place) % width - 1) for place in places]
    orientations = [int(word) & 3 for word in lattice.words]
    assert all(first[site] == o + 1 for site, o in zip(sites, orientations, strict=True))
    bits = xoshiro256pp([int(word) for word in lattice.state])
    for _ in range(30):
        lattice.advance(1)
        plain_sweep(sites, orientations, shape, tumbling_rate, bits)
        plane = np.zeros(shape, np.uint8)
        for site, orientation in zip(sites, orientations, strict=True):
            plane[site] = orientation + 1
        np.testing.assert_array_equal(lattice.snapshot(), plane)


def test_many_sweeps_at_once_are_those_one_by_one(rng, monkeypatch):
    at_once, one_by_one, in_windows = (Lattice.random((12, 20), 100, 0.1, np.random.default_rng(3)) for _ in range(3))
    at_once.advance(60)
    for _ in range(60):
        one_by_one.advance(1)
    monkeypatch.setattr(kernel, "WINDOW", 700)
    in_windows.advance(60)
    assert at_once.snapshot().tobytes() == one_by_one.snapshot().tobytes() == in_windows.snapshot().tobytes()
    assert at_once.step == one_by_one.step == in_windows.step == 60


# --- visits -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orientation", "end"), [(UP, (13, 7)), (RIGHT, (3, 0)), (DOWN, (9, 7)), (LEFT, (3, 4))]
)  # (3 − 7) mod 17, (7 + 7) mod 14, …
def test_a_particle_goes_straight_around_the_plane(orientation, end, rng):
    lattice = make_lattice((17, 14), {(3, 7): orientation}, 0.0, rng)
    sweeps = {UP: 7, RIGHT: 7, DOWN: 6, LEFT: 3}[orientation]
    lattice.advance(sweeps)
    assert np.argwhere(lattice.snapshot() == orientation + 1).tolist() == [list(end)]
    lattice.advance(17 * 14 - sweeps)
    assert lattice.snapshot()[3, 7] == orientation + 1


def test_every_particle_is_visited_once_in_a_sweep(rng):
    """None in another's way, none tumbles: each goes one site a sweep."""
    lattice = make_lattice((40, 30), {(row, 3 * (row % 10)): RIGHT for row in range(40)}, 0.0, rng)
    start = lattice.snapshot()
    for sweep in range(1, 100):
        lattice.advance(1)
        np.testing.assert_array_equal(lattice.snapshot(), np.roll(start, sweep, axis=1))


def test_all_orders_of_visits_are_equally_likely(rng):
    """A train of four: who of them moves tells in which order they were visited. Fisher-Yates against all 24 orders."""

    def moved(order):
        occupied = {0, 1, 2, 3}
        for particle in order:
            if particle + 1 not in occupied:
                occupied ^= {particle, particle + 1}
        return tuple(sorted(occupied))

    expected = Counter(moved(order) for order in itertools.permutations(range(4)))
    trials = 24_000
    seen: Counter[tuple[int, ...]] = Counter()
    state = rng.integers(2**64, size=4, dtype=np.uint64)
    for _ in range(trials):
        lattice = make_lattice((1, 9), {(0, column): RIGHT for column in range(4)}, 0.0, rng, state)
        lattice.advance(1)
        state = lattice.state
        seen[tuple(np.flatnonzero(lattice.snapshot()[0]).tolist())] += 1
    assert set(seen) == set(expected)
    assert expected[1, 2, 3, 4] == 1  # only from the front to the back do all move
    counts = [seen[end] for end in expected]
    assert stats.chisquare(counts, [trials * times / 24 for times in expected.values()]).pvalue > 1e-3


# --- conserved, and exact ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_particles_are_neither_made_nor_lost(shape, rng):
    particles = max(1, shape[0] * shape[1] // 2)
    lattice = Lattice.random(shape, particles, 0.2, rng)
    for _ in range(50):
        lattice.advance(7)
        assert np.count_nonzero(lattice.snapshot()) == particles


@pytest.mark.parametrize("tumbling_rate", [0.0, 0.3])
def test_a_full_plane_is_frozen(tumbling_rate, rng):
    lattice = Lattice.random((9, 14), 9 * 14, tumbling_rate, rng)
    start = lattice.snapshot()
    places = np.sort(lattice.words >> 2)
    lattice.advance(200)
    np.testing.assert_array_equal(np.sort(lattice.words >> 2), places)
    assert observe(lattice.snapshot()) == (126.0, 126, 1, 1.0, 0.0, 3)
    assert np.array_equal(lattice.snapshot(), start) == (tumbling_rate == 0)


@pytest.mark.parametrize("tumbling_rate", [1 / 64, 0.5, 1.0])
def test_orientations_are_uniform(tumbling_rate, rng):
    lattice = Lattice.random((60, 90), 2700, tumbling_rate, rng)
    counts = np.zeros(4)
    for _ in range(100):
        lattice.advance(round(6 / tumbling_rate))  # nothing is left of the last ones: (1 − α)^(6/α) < 0.3 %
        counts += np.bincount(lattice.snapshot().ravel(), minlength=5)[1:]
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(("shape", "density"), [((16, 24), 0.15), ((20, 9), 0.5), ((12, 12), 0.9)])
def test_at_alpha_one_the_blocked_fraction_is_that_of_independent_orientations(shape, density, rng):
    """Any place but the own is occupied with probability (N − 1)/(sites − 1): the walk is a symmetric exclusion process."""
    sites = shape[0] * shape[1]
    particles = int(density * sites)
    lattice = Lattice.random(shape, particles, 1.0, rng)
    blocks = np.empty((40, 250))
    for i in np.ndindex(blocks.shape):
        lattice.advance(4)
        blocks[i] = observe(lattice.snapshot()).blocked_fraction
    error = stats.sem(blocks.mean(axis=1))
    assert abs(blocks.mean() - (particles - 1) / (sites - 1)) < 4 * error
    assert error < 0.005


@pytest.mark.parametrize("tumbling_rate", [0.05, 0.3, 1.0])
def test_a_lone_particle_walks_as_the_run_and_tumble_walk(tumbling_rate, rng):
    """With q = 1 − α: ⟨e(0)·e(t)⟩ = q^t, so that the persistence length is 1/α and D = (2 − α)/4α, and

    ⟨r²(t)⟩ = t (1 + q)/(1 − q) − 2 q (1 − q^t)/(1 − q)²
    """
    height, width = 5, 7
    lattice = Lattice.random((height, width), 1, tumbling_rate, rng)
    trials, sweeps = 4000, round(8 / tumbling_rate)
    sites = np.empty(trials * sweeps + 1, np.int64)
    for i in range(len(sites)):
        sites[i] = lattice.words[0] >> 2
        lattice.advance(1)
    down, across = np.diff(sites // (width + 2)), np.diff(sites % (width + 2))  # in the lattice with its border
    moves = np.stack([(down + 1) % height - 1, (across + 1) % width - 1], axis=-1).reshape(trials, sweeps, 2)
    assert (np.abs(moves).sum(axis=-1) == 1).all()  # nobody is in its way
    places = moves.cumsum(axis=1)

    q, t = 1 - tumbling_rate, np.arange(1, sweeps + 1)
    squares = (places**2).sum(axis=-1)
    expected = t * (1 + q) / (1 - q) - 2 * q * (1 - q**t) / (1 - q) ** 2
    for time in {1, 2, 5, sweeps // 2, sweeps}:
        error = stats.sem(squares[:, time - 1])
        assert abs(squares[:, time - 1].mean() - expected[time - 1]) <= 4 * error + 1e-9

    along = (places * moves[:, :1]).sum(axis=-1)  # in the direction of the first step
    length = along[:, -1].mean() / (1 - q**sweeps)
    assert abs(length - 1 / tumbling_rate) < 4 * stats.sem(along[:, -1]) + 1e-9

    half = sweeps // 2  # late enough for the slope: q^half < 2 %
    slopes = (squares[:, -1] - squares[:, half - 1]) / (4 * (sweeps - half))
    bias = (expected[-1] - expected[half - 1]) / (4 * (sweeps - half)) - (2 - tumbling_rate) / (4 * tumbling_rate)
    assert abs(slopes.mean() - (2 - tumbling_rate) / (4 * tumbling_rate)) < 4 * stats.sem(slopes) + abs(bias)


def test_few_particles_at_alpha_one_hardly_meet(rng):
    """ρ → 0, α = 1: directions are uniform and nobody clusters; each walks alone (the test above), with D = 1/4."""
    lattice = Lattice.random((101, 151), 15, 1.0, rng)
    looks = [lattice.snapshot()]
    for _ in range(3000):
        lattice.advance(1)
        looks.append(lattice.snapshot())
    blocked = np.mean([observe(look).blocked_fraction for look in looks])
    assert blocked == pytest.approx(14 / (101 * 151 - 1), abs=2e-3)
    directions = np.bincount(np.concatenate([look[look > 0] for look in looks]), minlength=5)[1:]
    assert stats.chisquare(directions).pvalue > 1e-3


# --- other groups' averages -------------------------------------------------------------------------------------------------

STATIONARY = [
    # ρ, α, then mean and standard error of ⟨s⟩_w, largest / n, clusters, blocked, single on 128×128: the table of the notes
    (0.05, 2**-4, [(1.939, 0.003), (0.01129, 0.00005), (616.2, 0.3), (0.2873, 0.0004), (0.6139, 0.0004)]),
    (0.15, 2**-6, [(38.7, 0.5), (0.0596, 0.0011), (414.1, 0.4), (0.8742, 0.0002), (0.0982, 0.0001)]),
    (0.15, 2**-3, [(4.307, 0.008), (0.00992, 0.00005), (1278.6, 0.6), (0.4522, 0.0003), (0.3521, 0.0003)]),
    (0.15, 2**-1, [(2.382, 0.003), (0.00498, 0.00002), (1604.4, 0.7), (0.2304, 0.0002), (0.4699, 0.0004)]),
    (0.25, 2**-4, [(26.2, 0.2), (0.0302, 0.0004), (915.9, 0.9), (0.7667, 0.0002), (0.1313, 0.0001)]),
]


def assert_stationary(density, tumbling_rate, expected, rng, replicas, looks):
    """Means over independent runs agree within 4 standard errors (both errors counted) and 0.2 %."""
    run = PersistentExclusion(
        density=density, tumbling_rate=tumbling_rate, warm_up=250, snapshots=looks, spacing=2, sweeps_per_look=1
    )
    means = []
    for _ in range(replicas):
        snapshots = [observe(snapshot) for snapshot in run.simulate(rng)["snapshots"]]
        means.append(
            [
                np.mean([getattr(seen, name) for seen in snapshots])
                for name in ("mean_cluster_size", "largest_cluster", "clusters", "blocked_fraction", "single_fraction")
            ]
        )
    ours, errors = np.mean(means, axis=0), stats.sem(means)
    ours[1], errors[1] = ours[1] / run.particles, errors[1] / run.particles
    for mean, error, (published, its_error) in zip(ours, errors, expected, strict=True):
        assert abs(mean - published) < 4 * np.hypot(error, its_error) + 0.002 * published
        assert error < 0.01 * published or error < its_error  # else it could not fail


@pytest.mark.parametrize(("density", "tumbling_rate", "expected"), STATIONARY[2:4])
def test_stationary_averages_are_those_of_other_groups(density, tumbling_rate, expected, rng):
    assert_stationary(density, tumbling_rate, expected, rng, replicas=8, looks=300)


@pytest.mark.slow
@pytest.mark.parametrize(("density", "tumbling_rate", "expected"), STATIONARY)
def test_stationary_averages_are_those_of_other_groups_at_length(density, tumbling_rate, expected, rng):
    assert_stationary(density, tumbling_rate, expected, rng, replicas=16, looks=2000)


# --- what is refused --------------------------------------------------------------------------------------------------------


def test_a_lattice_that_cannot_be_is_refused(rng):
    state = np.ones(4, np.uint64)
    one = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="a plane of 3 × 40000 sites: expected at most 32766 along each side"):
        Lattice((3, 40000), one, one, 0.1, state)
    with pytest.raises(ValueError, match="expected different sites from 0 to 11"):
        Lattice((3, 4), np.array([5, 5]), np.array([0, 1]), 0.1, state)
    with pytest.raises(ValueError, match="expected different sites from 0 to 11"):
        Lattice((3, 4), np.array([12]), one, 0.1, state)
    with pytest.raises(ValueError, match="not all of them 0"):
        Lattice((3, 4), one, one, 0.1, np.zeros(4, np.uint64))
