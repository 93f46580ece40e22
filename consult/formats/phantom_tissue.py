"""What each tissue looks like to a scanner: one row of values for CT, one for a T2-weighted MR."""

from typing import NamedTuple


class Tissue(NamedTuple):
    """Values of one kind of image: Hounsfield units for CT, arbitrary signal for MR."""

    air: float
    fat: float
    skin: float
    muscle: float
    bone: float
    marrow: float
    dense: float
    fluid: float
    white: float
    grey: float
    deep: float
    pallidum: float
    stem: float
    dura: float
    blood: float
    eye: float
    lens: float
    calcium: float
    clot: float
    swelling: float
    scar: float


CT = Tissue(
    air=-1000, fat=-92, skin=35, muscle=56, bone=1250, marrow=620, dense=1750, fluid=7, white=27.5, grey=37.5, deep=37,
    pallidum=36, stem=33, dura=52, blood=55, eye=10, lens=95, calcium=190, clot=68, swelling=15, scar=12,
)  # fmt: skip
T2 = Tissue(
    air=8, fat=560, skin=240, muscle=150, bone=25, marrow=260, dense=15, fluid=1050, white=330, grey=440, deep=400,
    pallidum=300, stem=350, dura=90, blood=60, eye=1080, lens=160, calcium=90, clot=180, swelling=820, scar=760,
)  # fmt: skip
