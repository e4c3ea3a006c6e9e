"""Every setting of every job, in sections; the JSON Schema that papermatrix and editors use is made from it.

A switch is a setting whose default repairs what the published code does. `published: true` in a section
gives every switch that is not stated the published value; `PUBLISHED` of each section lists them.

A new setting needs a `NEUTRAL` value, or it makes every job another one.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    field_validator,
    model_validator,
)

from jobkit.settings import with_published
from jobkit.validation import parse
from jobkit.yaml12 import Document

Modality = Literal["image", "lidar", "radar", "gps"]
MODALITIES: tuple[Modality, ...] = ("image", "lidar", "radar", "gps")
GRID_MODALITIES: tuple[Modality, ...] = ("image", "lidar", "radar")
BEAMS = 64

MANY = 10**6
"""More epochs, windows in a step, passes and the like than anyone runs; what is above is a slip."""

RETIRED: list[JsonValue] = ["frames.root"]
"""Settings that there were once, and that changed no result."""

Count = Annotated[int, Field(ge=1, le=MANY)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Pixels = Annotated[int, Field(ge=16, le=4096)]
Side = Annotated[int, Field(ge=8, le=2048)]
"""Eight times the published size at most; one frame's maps are then some hundred MB to make."""
Speed = Annotated[float, Field(ge=2, le=20)]
Share = Annotated[float, Field(gt=0, lt=1)]
Depth = Annotated[int, Field(ge=1, le=64)]
Depths = tuple[Depth, Depth, Depth, Depth]


def _mark(schema: dict[str, Any], model: type[Section]) -> None:
    for name, value in model.PUBLISHED.items():
        schema["properties"][name]["x-published"] = value
    for name, value in model.NEUTRAL.items():
        schema["properties"][name]["x-neutral"] = value


class Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True,
        json_schema_extra=_mark,
    )  # fmt: skip

    PUBLISHED: ClassVar[dict[str, Any]] = {}
    NEUTRAL: ClassVar[dict[str, Any]] = {}
    """Of each setting that is newer than results of the others: the value with which all is as before."""

    published: StrictBool = False
    """What the authors' code does, for every switch of this section that is not stated."""

    @model_validator(mode="before")
    @classmethod
    def _use_published_values(cls, values: Any) -> Any:
        return with_published(values, cls.PUBLISHED) if isinstance(values, dict) else values


def _in_order(modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
    return tuple(modality for modality in MODALITIES if modality in modalities)


class Simulation(Section):
    """The simulated DeepSense 6G tree; small frames unless `FULL_SIZE` is asked for."""

    FULL_SIZE: ClassVar[dict[str, Any]] = {
        "image_size": (960, 540),
        "lidar_points": 17000,
        "radar_samples": 256,
        "radar_chirps": 250,
    }
    NEUTRAL: ClassVar[dict[str, Any]] = {
        "windows": None,
        "run": 1,
        "gap": 32.0,
        "gps_bias": None,
        "camera_noise": 1.0,
        "lidar_returns": 1.0,
        "radar_clutter": 0.0,
        "truth": False,
    }

    seed: Seed = 0
    passes: Count = 12
    """Passes of the car in each of the development scenarios 32, 33 and 34."""
    adaptation_passes: Count = 3
    """Passes of the car in scenario 31; 32 and 33 have one each besides."""
    test_passes: Count = 1
    """Passes of the car in each scenario of the test set, which has no labels."""
    speed: tuple[Speed, Speed] = (6.0, 13.0)
    """Slowest and fastest at which a lane's traffic enters, in metres a second: 22 to 47 km/h on a campus.
    Slow passes are long ones."""
    windows: Count | None = None
    """Windows of each pass, spread over it, no two with a frame in common; other frames are not written.
    null: all windows. Neighbouring ones share most of their frames and teach little more than one."""
    run: Count = 1
    """Windows that follow one another in place of each of `windows`: a forecast is put together from them."""
    gap: float = Field(80.0, ge=10, le=10_000)
    """Mean distance from one vehicle of a lane to the next, in metres."""
    gps_bias: float | None = Field(None, ge=0, le=1000)
    """Standard deviation of a pass's GPS bias an axis, in metres, at every site; null: each site's own."""
    camera_noise: float = Field(1.0, ge=0, le=100)
    """Noise of the pictures, by day and by night, over the usual."""
    lidar_returns: float = Field(1.0, ge=0, le=1)
    """Share of the LiDAR's rays that come back from what they meet."""
    radar_clutter: float = Field(0.0, ge=0, le=MANY)
    """Radar cross section of what rain and ground scatter, in square metres: a car has 10."""
    truth: StrictBool = False
    """Write what is in view of each frame, and where, to truth.csv, which no loader reads."""
    image_size: tuple[Pixels, Pixels] = (160, 90)
    """Width and height, in pixels."""
    lidar_points: int = Field(1000, ge=64, le=MANY)
    """About how many points a sweep returns."""
    radar_samples: int = Field(64, ge=8, le=1024)
    radar_chirps: int = Field(32, ge=8, le=1024)


class Frames(Section):
    """Which frames there are, and how each is prepared."""

    PUBLISHED: ClassVar[dict[str, Any]] = {"gps": "angle"}

    source: Literal["simulated", "deepsense"] = "deepsense"
    image_size: Side = 256
    """Side of the square image, in pixels."""
    lidar_grid: Side = 256
    """Cells along each side of the LiDAR's count grid."""
    radar_size: Side = 256
    """Bins along each side of the range-angle and the range-velocity map."""
    gps: Literal["polar", "angle"] = "polar"
    """polar: range and full-quadrant angle; angle: the published arctan, in both columns (switch)."""


class Data(Section):
    """Which windows are trained on, select the best epoch, and are scored."""

    PUBLISHED: ClassVar[dict[str, Any]] = {"split": "published", "augment": True, "nan_labels": "keep"}
    NEUTRAL: ClassVar[dict[str, Any]] = {"shares": [0.8, 0.1, 0.1], "pass_gap": 0}

    split: Literal["blocks", "published", "unseen"] = "blocks"
    """blocks: whole passes, by `shares`; published: pooled windows, 9:1; unseen: one scenario left out."""
    shares: tuple[Share, Share, Share] = (0.8, 0.1, 0.1)
    """Of windows to train, to validate and to score in blocks; unseen trains on what is not to validate."""
    pass_gap: int = Field(0, ge=0, le=MANY)
    """A pass ends where the frame numbers of its windows jump by more than this; 0: where windows stop
    overlapping."""
    split_seed: Seed = 0
    unseen_scenario: Literal[31, 32, 33, 34] = 34
    history: int = Field(5, ge=2, le=1024)
    """Frames in a window: the data set's own 5, or another number, put together from its records."""
    horizon: int = Field(1, ge=1, le=1024)
    """Beams to predict: that of the last frame, and of the records that follow it."""
    augment: StrictBool = False
    """Add altered copies of the adaptation samples: to the training part, or with the published split to the
    pool that is split (switch)."""
    flip: StrictBool = False
    """Mirror each training window with probability 1/2: scene, radar angles, GPS angle and beam."""
    on_error: Literal["fail", "drop"] = "fail"
    """What a broken file of the data set does: end the job, or leave out and count what needs it."""
    nan_labels: Literal["drop", "keep"] = "drop"
    """What happens to a sample whose power vector holds a NaN (switch)."""

    @field_validator("shares")
    @classmethod
    def _are_parts_of_one(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if abs(sum(value) - 1) > 1e-9:
            raise ValueError("expected three shares that add up to 1")
        return value


class Model(Section):
    """What predicts the beam."""

    PUBLISHED: ClassVar[dict[str, Any]] = {
        "absent": "constant",
        "flip_back": False,
        "residual": False,
        "norm": "tokens",
        "keep_dt_bias": False,
        "prior": None,
    }

    kind: Literal["fusion", "gps_least_squares", "gps_gru", "image_gps_cnn", "masked_transformer"] = "fusion"
    """fusion: the paper's network; gps_least_squares: the beam as a linear function of the GPS angles;
    gps_gru: the positions through a GRU; image_gps_cnn: the last image and the positions;
    masked_transformer: tokens of all modalities, some of which are hidden in training."""
    modalities: tuple[Modality, ...] = Field(
        MODALITIES, min_length=1, json_schema_extra={"uniqueItems": True}
    )
    absent: Literal["drop", "constant"] = "drop"
    """A modality that the predictor never has: no encoder and no tokens, or the filler (switch)."""
    feature_fusion: Literal["transformer", "mamba", "bimamba", "csbimamba"] = "csbimamba"
    time_fusion: Literal["sum", "mamba", "attenmamba"] = "attenmamba"
    image_depths: Depths = (3, 4, 6, 3)
    """Residual blocks per stage of the image encoder."""
    lidar_depths: Depths = (2, 2, 2, 2)
    radar_depths: Depths = (2, 2, 2, 2)
    width: int = Field(64, ge=4, le=4096)
    """Channels of stage 1; each further stage doubles them."""
    grid: int = Field(8, ge=1, le=128)
    """Tokens along each side of a feature map."""
    layers: int = Field(8, ge=1, le=256)
    """Blocks of each FFM."""
    heads: int = Field(4, ge=1, le=1024)
    """Attention heads of FFM transformer."""
    mlp_ratio: int = Field(4, ge=1, le=64)
    dropout: float = Field(0.1, ge=0, lt=1)
    d_state: int = Field(16, ge=1, le=1024)
    d_conv: int = Field(4, ge=2, le=4)
    expand: int = Field(2, ge=1, le=64)
    flip_back: StrictBool = True
    """Flip the backward branch and its gate back before they meet the forward branch (switch)."""
    residual: StrictBool = True
    """Add the input of an FFM's block and of the TFM's Mamba to its output (switch)."""
    norm: Literal["channels", "tokens"] = "channels"
    """LayerNorm over the channels, or over tokens and channels (switch)."""
    keep_dt_bias: StrictBool = True
    """Keep Mamba's own initial weights and time-step bias; published are N(0, 0.02) and 0 (switch)."""
    prior: float | None = Field(0.02, gt=0, lt=1)
    """Every beam's probability at the start (Lin et al. 2017, section 4.1), about the mean of a soft target;
    the published head starts at 0.5 and first has to unlearn it (switch)."""
    modality_dropout: float = Field(0.25, ge=0, lt=1)
    """How often masked_transformer does not see a modality in training."""
    imagenet: str | None = None
    """Folder with torchvision's resnet34.pth and resnet18.pth, to start the encoders from."""

    @field_validator("modalities")
    @classmethod
    def _order(cls, value: tuple[Modality, ...]) -> tuple[Modality, ...]:
        return _in_order(value)


class Train(Section):
    """How the predictor is trained."""

    PUBLISHED: ClassVar[dict[str, Any]] = {"ema": None, "rate_changes": "epoch"}

    epochs: Count = 50
    batch_size: int = Field(24, ge=2, le=MANY)
    """Windows in a step, over all devices."""
    window_step: Count = 1
    """Every how many windows of the training part one is used: neighbours share most of their frames."""
    devices: int = Field(1, ge=1, le=4096)
    """GPUs, or processes on a CPU, that share each step."""
    lr: float = Field(1e-4, gt=0)
    lr_min: float = Field(2.5e-6, ge=0)
    lr_restart: float = Field(1.25e-4, gt=0)
    """Rate at the start of each restart."""
    rate_changes: Literal["batch", "epoch"] = "batch"
    """How often the learning rate follows its schedule (switch)."""
    warmup_epochs: float = Field(10, ge=0)
    decay_epochs: float = Field(15, gt=0)
    restart_epochs: float = Field(10, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    clip: float | None = Field(None, gt=0)
    """Largest norm of the gradient."""
    ema: float | None = Field(0.999, ge=0, lt=1)
    """Decay of the averaged weights, which are then the ones scored and saved (switch)."""
    focal_gamma: float = Field(2.0, ge=0)
    focal_alpha: float = Field(0.25, ge=0, le=1)
    label_sigma: float = Field(0.5, gt=0)
    """Standard deviation of the soft target, in beams."""
    precision: Literal["auto", "float32", "bfloat16", "float64"] = "auto"
    """auto: bfloat16 where a GPU has it, else float32."""


class RebuildLosses(Section):
    """Weights of the rebuilding loss; 0 leaves a term out."""

    pred: float = Field(0.0, ge=0)
    """Focal loss of a small fusion head of the MRM's own."""
    fusion: float = Field(1.0, ge=0)
    trans: float = Field(1.0, ge=0)
    contrast: float = Field(1.0, ge=0)
    distance: float = Field(0.001, ge=0)

    @model_validator(mode="after")
    def _have_one(self) -> Self:
        if not any((self.pred, self.fusion, self.trans, self.contrast, self.distance)):
            raise ValueError("expected at least one weight above 0")
        return self


class Rebuild(Section):
    """The modality rebuilding module (MRM), and the predictor's finetuning with it."""

    PUBLISHED: ClassVar[dict[str, Any]] = {
        "replace": "published",
        "train_mode": "first_epoch",
        "contrast": "unsupervised",
        "distance": "tensor",
    }

    enabled: StrictBool = False
    losses: RebuildLosses = RebuildLosses()
    epochs: Count = 15
    batch_size: int = Field(24, ge=2, le=MANY)
    window_step: Count = 1
    """Every how many windows of the training part one is used."""
    encoders: Literal["frozen", "trained", "fresh"] = "frozen"
    """The MRM's own encoders: copies of the predictor's, kept; copies, trained on; random, trained."""
    lr: float = Field(1e-4, gt=0)
    predictor_lr: float = Field(1e-6, ge=0)
    """Learning rate of the predictor's finetuning; with 0 it stays as it is."""
    weight_decay: float = Field(1e-4, ge=0)
    clip: float | None = Field(None, gt=0)
    replace_probability: float = Field(0.25, ge=0, le=1)
    replace: Literal["any", "published"] = "any"
    """any: a batch is replaced with that probability whatever the modality, and sees true features otherwise;
    published: image so, LiDAR and radar always, and the filler otherwise (switch)."""
    train_mode: Literal["always", "first_epoch"] = "always"
    """first_epoch: eval mode, and always replaced, from the second epoch on (switch)."""
    contrast: Literal["supervised", "unsupervised"] = "supervised"
    """Positives of NT-Xent: samples of the same beam, or only the sample itself (switch)."""
    distance: Literal["sample", "tensor"] = "sample"
    """Mean of bounded per-sample distances, or one norm over the whole tensor (switch)."""
    temperature: float = Field(0.1, gt=0)


class Missing(Section):
    """Modalities whose input is missing when a model is scored."""

    PUBLISHED: ClassVar[dict[str, Any]] = {"noise": "fresh"}

    modalities: tuple[Modality, ...] = Field((), json_schema_extra={"uniqueItems": True})
    fill: Literal["zeros", "random"] = "zeros"
    """What stands in for the input, after normalisation: zeros, or uniform noise in [0, 1)."""
    noise: Literal["seeded", "fresh"] = "seeded"
    """Whether the noise is the same at every call with the same seed (switch)."""

    @field_validator("modalities")
    @classmethod
    def _order(cls, value: tuple[Modality, ...]) -> tuple[Modality, ...]:
        return _in_order(value)


class Evaluate(Section):
    """How a predictor is scored."""

    batch_size: Count = 64


class Profile(Section):
    """How speed and size are measured."""

    batch_size: Count = 1
    repeats: Count = 20


class Settings(BaseModel):
    """All settings of one job and of those it depends on."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra={"x-retired": RETIRED}
    )

    simulation: Simulation = Simulation()
    frames: Frames = Frames()
    data: Data = Data()
    model: Model = Model()
    train: Train = Train()
    rebuild: Rebuild = Rebuild()
    missing: Missing = Missing()
    evaluate: Evaluate = Evaluate()
    profile: Profile = Profile()
    seed: Seed = 100


def parse_settings(document: dict[str, Any], source: str = "") -> Settings:
    """Return a job's document as settings; a `UserError` with every diagnostic, by its key in `source`."""
    return parse(Settings, Document(source, document))
