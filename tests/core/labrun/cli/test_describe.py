"""`labrun describe`."""


def test_a_simulator(labrun):
    outcome = labrun("describe", "gray_scott")
    assert outcome.code == 0
    assert outcome.out.startswith(
        "gray_scott  Simulator of labrun 1.0.0, version 1\n\nGray-Scott reaction-diffusion on "
    )
    assert "\nfeed\tnumber ≥ 0\trequired\tF, feed rate of u [1/time]\n" in outcome.out
    assert '\nprecision\tsingle | double\t"single"\t' in outcome.out
    assert "\ngives: u: (height, width, frames), float32" in outcome.out


def test_a_dataset_says_what_it_is_made_from(labrun):
    assert "\nfrom: simulation: stage of 'simulations'\n" in labrun("describe", "labrun:labelled").out


def test_an_unknown_plugin(labrun):
    outcome = labrun("describe", "gray_scot")
    assert (outcome.code, outcome.err) == (2, "there is no plugin 'gray_scot': did you mean 'gray_scott'?\n")
