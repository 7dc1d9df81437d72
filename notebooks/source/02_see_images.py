# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Images: SIFT and HOG · 图像特征
#
# > What does a picture have to become before it can be fused with anything, and what should that description ignore: light, noise, place, size, turn?
#
# **After this chapter you can**
#
# - compute one cell and one block of HOG by hand, and say what each step takes out,
# - say how SIFT really finds its keypoints, and draw the 128 numbers that describe one,
# - measure what "invariant" means under rotation, scale, blur, noise and light, and where it ends,
# - turn any number of descriptors into one row of fixed length, without letting test pictures into the codebook,
# - choose between HOG and a bag of visual words for a task, by an experiment on people not seen in training.
#
# **You need**: arrays in NumPy; what a derivative is; what a train and a test set are.
#
# **Time**: 50 minutes to read and do, 35 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | gradient | 梯度 | how fast, and in which direction, brightness rises |
# | histogram of oriented gradients (HOG) | 方向梯度直方图 | directions of the gradient counted in a fixed grid of cells |
# | keypoint | 关键点 | a place, with a size and an angle, that can be found again |
# | scale-invariant feature transform (SIFT) | 尺度不变特征变换 | keypoints and a descriptor of 128 numbers for each |
# | difference of Gaussians (DoG) | 高斯差分 | a picture blurred twice, one blur minus the other |
# | descriptor | 描述子 | the numbers that say what a keypoint's surroundings look like |
# | repeatability | 重复率 | the share of keypoints found again after the picture changed |
# | bag of visual words | 视觉词袋 | how often each typical descriptor occurs in a picture |
# | codebook | 码本 | the typical descriptors, found by clustering |

# %%
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import normalize

from mmtutor import plotting
from mmtutor.exercises import check
from mmtutor.image import (
    BagOfVisualWords,
    HOGFeatures,
    PixelFeatures,
    hog_cells,
    hog_features,
    read_image,
    sift_features,
)
from mmtutor.simulate.faces import IDENTITY_SIZE, render_face

plotting.style()

# %% [markdown]
# ## 1 · A question, first
#
# Here are 60 simulated people, each drawn twice: once from the front, and once turned a little, in another mood, with the lamp to one side. Below you see one person (A), the same person drawn the second time (B), and somebody else (C).
#
# A picture of 96 by 96 pixels is a list of 9216 numbers, so any two pictures have a distance. **Predict before you run the next cell**: is A nearer to B or to C?

# %%
rng = np.random.default_rng(0)
people = rng.standard_normal((60, IDENTITY_SIZE))
front = [render_face(person, random_state=rng) for person in people]
turned = [
    render_face(
        person,
        yaw=rng.choice([-8, 8]),
        light=rng.choice([-45, 45]),
        valence=rng.uniform(-0.5, 0.5),
        random_state=rng,
    )
    for person in people
]


def distances(describe):
    """Distance of each front picture to the same person's other picture, and to other people's."""
    A, B = (np.array([describe(face) for face in faces]) for faces in (front, turned))
    return np.linalg.norm(A - B, axis=1), cdist(A, A)


same, other = distances(lambda face: face.ravel() / 255.0)
same_hog, other_hog = distances(hog_features)

# %%
# a pair that pixels get wrong and the features of this chapter get right
margin = np.minimum((same[:, None] - other) / same[:, None], (other_hog - same_hog[:, None]) / 5)
np.fill_diagonal(margin, -np.inf)
a, c = np.unravel_index(margin.argmax(), margin.shape)

fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.5))
for ax, face, title in zip(
    axes,
    (front[a], turned[a], front[c]),
    ("A", f"B: {same[a]:.1f} from A", f"C: {other[a, c]:.1f} from A"),
    strict=True,
):
    ax.imshow(face, vmin=0, vmax=255)
    ax.set(title=title, xticks=[], yticks=[])
plotting.show(
    fig,
    alt="Three drawn faces. A and B are one person, B lit from the side; C is another person. "
    "By pixels C is nearer to A.",
)

# %%
everyone_else = ~np.eye(len(front), dtype=bool)
for name, near, far in (("pixels", same, other), ("HOG", same_hog, other_hog)):
    share = (near[:, None] < far)[everyone_else].mean()
    print(f"{name:7s} the same person is nearer than somebody else in {share:.0%} of the pairs")

# %% [markdown]
# We chose a case that pixels get wrong; over all pairs they are right four times in five. Still, the lamp moves more pixels than the person does. A good description keeps what matters and drops what does not. Both descriptions of this chapter start from the **gradient**: a lamp changes brightness everywhere, but it moves no edge.
#
# ## 2 · The gradient
#
# Brightness $I$ rises fastest in the direction of the gradient, and the length of the gradient says how fast:
#
# $$ g_x(x, y) = I(x{+}1, y) - I(x{-}1, y), \quad g_y(x, y) = I(x, y{+}1) - I(x, y{-}1), \qquad
# m = \sqrt{g_x^2 + g_y^2}, \quad \theta = \operatorname{atan2}(g_y, g_x) . $$
#
# In images $y$ runs *down*, so angles run clockwise as you see them.

# %%
face = render_face(np.zeros(IDENTITY_SIZE), valence=0.8, noise=0.0)
pixels = face.astype(float)  # uint8 would wrap round below 0
along_x, along_y = np.zeros_like(pixels), np.zeros_like(pixels)
along_x[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
along_y[1:-1] = pixels[2:] - pixels[:-2]
length = np.hypot(along_x, along_y)
degrees = np.degrees(np.arctan2(along_y, along_x)) % 180  # a direction and its opposite are one

# %%
row, column = 8, 4  # the cell of 8 by 8 pixels at one corner of the mouth
cell = np.s_[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]

fig, axes = plt.subplots(1, 3, figsize=(7.6, 2.7))
axes[0].imshow(face, vmin=0, vmax=255)
axes[1].imshow(length)
for ax in axes[:2]:
    ax.add_patch(plt.Rectangle((8 * column - 0.5, 8 * row - 0.5), 8, 8, fill=False, ec="#E69F00"))
axes[2].imshow(face[cell], vmin=0, vmax=255)
axes[2].quiver(
    along_x[cell], along_y[cell], angles="xy", scale_units="xy", scale=90, color="#E69F00"
)
for ax, title in zip(
    axes, ("picture", "length of the gradient", "one cell, enlarged"), strict=True
):
    ax.set(title=title, xticks=[], yticks=[])
plotting.show(
    fig,
    alt="A smiling face, its gradient length with bright outlines, and the cell at the corner of "
    "the mouth with an arrow for the gradient at each pixel.",
)

# %% [markdown]
# ## 3 · HOG: directions counted in a fixed grid
#
# **One cell.** Cut the picture into cells of 8 by 8 pixels. In each, every pixel votes for the bin of its angle with the length of its gradient; nine bins of 20 degrees each cover the half circle:
#
# $$ h_k = \frac{1}{64} \sum_{\text{pixels of the cell}} m \cdot \big[\, 20k \le \theta < 20(k+1) \,\big], \qquad k = 0, \dots, 8 . $$
#
# **Predict**: in this cell the dark line of the mouth runs down to the right, at about 45 degrees. In which bin will the tallest column stand?

# %%
by_hand = np.histogram(degrees[cell], bins=9, range=(0, 180), weights=length[cell])[0] / 64
print("by hand", np.round(by_hand, 1))

from_package = hog_cells(face)[row, column]
assert np.allclose(by_hand, from_package)
print(
    "the package agrees; the tallest bin starts at",
    20 * by_hand.argmax(),
    "degrees: across the line",
)

# %% [markdown]
# **One block.** Twice the contrast doubles every $h_k$. So four neighbouring cells form a block $v$ of 36 numbers, which is divided by its length, clipped at 0.2 so that one strong edge does not rule the rest, and divided again ("L2-Hys"):
#
# $$ v \leftarrow \frac{v}{\sqrt{\lVert v \rVert^2 + \varepsilon^2}}, \qquad v \leftarrow \min(v, 0.2), \qquad v \leftarrow \frac{v}{\sqrt{\lVert v \rVert^2 + \varepsilon^2}} . $$
#
# Blocks overlap: each cell occurs in up to four of them, each time measured against other neighbours.


# %%
def normalise_block(v, clip=0.2, epsilon=1e-5):
    v = v / np.sqrt((v**2).sum() + epsilon**2)
    v = np.minimum(v, clip)
    return v / np.sqrt((v**2).sum() + epsilon**2)


cells = hog_cells(face)  # (12, 12, 9)
block = normalise_block(cells[row : row + 2, column : column + 2].ravel())
whole = hog_features(face).reshape(11, 11, 36)  # 11 x 11 blocks of 2 x 2 cells x 9 bins
assert np.allclose(block, whole[row, column])
print("cells", cells.shape, "-> blocks", whole.shape, "-> one row of", whole.size, "numbers")

# %%
try:  # a second opinion, if it is installed
    from skimage.feature import hog
except ImportError:
    hog = None
if hog is not None:
    theirs = hog(face, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2))
    assert np.allclose(theirs, whole.ravel(), atol=1e-6)

flatter = face // 2  # half the contrast
brighter = flatter + 100
assert np.allclose(hog_features(brighter), hog_features(flatter), atol=1e-9)
likeness = normalize([hog_features(flatter)]) @ normalize([whole.ravel()]).T
print(
    f"cosine between the HOG of the face and of the face at half the contrast: {likeness.item():.2f}"
)

# %% [markdown]
# Adding 100 to every pixel changes *nothing* (the gradient is a difference), and halving the contrast changes little: what is left comes from rounding to whole grey levels, in places that are nearly blank. Drawn, with a stroke along the *edge* in each cell (at right angles to the gradient), HOG is a sketch:


# %%
def draw_hog(ax, image):
    """Draw, in each cell, one stroke per bin along the edge, as dark as the bin is tall."""
    cells = hog_cells(image)
    strength = cells / cells.max(axis=2, keepdims=True).clip(8)
    edge = np.radians(np.arange(9) * 20 + 10 + 90)
    dx, dy = 3.6 * np.cos(edge), 3.6 * np.sin(edge)
    for (i, j, k), s in np.ndenumerate(strength):
        x, y = 8 * j + 3.5, 8 * i + 3.5
        ax.plot([x - dx[k], x + dx[k]], [y - dy[k], y + dy[k]], color="k", alpha=s**2, lw=1.3)
    ax.set(xlim=(-1, 96), ylim=(96, -1), aspect="equal", xticks=[], yticks=[])


fig, axes = plt.subplots(1, 4, figsize=(8, 2.3))
for k, valence in enumerate((0.9, -0.9)):
    drawn = render_face(np.zeros(IDENTITY_SIZE), valence=valence, noise=0.0)
    axes[2 * k].imshow(drawn, vmin=0, vmax=255)
    axes[2 * k].set(xticks=[], yticks=[])
    draw_hog(axes[2 * k + 1], drawn)
plotting.show(
    fig,
    alt="A smiling and a frowning face, each beside its HOG as small strokes; the mouth's strokes "
    "bend up in one and down in the other.",
)

# %% [markdown]
# HOG keeps *where* each cell lies. That is its strength when all pictures are framed alike, as faces from a detector are, and its weakness when they are not. SIFT makes the opposite choice.
#
# ## 4 · SIFT: where to look
#
# The article this series grew out of says that SIFT filters the image, computes gradients, and takes the local maxima of the gradient as keypoints. That is not what SIFT does. The largest gradients lie along edges, and a point on an edge looks like its neighbours on the same edge; it has no size either, so one cannot know how much of its surroundings to describe. In SIFT the gradient comes second. First, keypoints are extrema of the **difference of Gaussians** over place *and* scale $\sigma$:
#
# $$ D(x, y, \sigma) = \big( G_{k\sigma} - G_{\sigma} \big) * I, \qquad k = 2^{1/3}, $$
#
# larger, or smaller, than all 26 neighbours: 8 at the same scale, 9 one step finer, 9 one step coarser. $D$ answers strongest to a blob whose radius is about $\sigma\sqrt2$, so the scale at which the answer peaks *is* the size of the thing.

# %%
photo = read_image(load_sample_image("china.jpg"))[:, 60:487]  # ships with scikit-learn
doubled = cv2.resize(photo, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR) / 255.0
sigmas = 1.6 * 2 ** (np.arange(6) / 3)  # one octave: the scale doubles in three steps
# the camera blurred the picture already, by about 0.5 pixels: 1 pixel in the doubled picture
blurred = np.array([gaussian_filter(doubled, np.sqrt(s**2 - 1.0)) for s in sigmas])
dog = np.diff(blurred, axis=0)  # five differences

fig, axes = plt.subplots(2, 5, figsize=(8.4, 3.7))
view = np.s_[40:300, 180:440]
for k in range(5):
    axes[0, k].imshow(blurred[k + 1][view], vmin=0, vmax=1)
    axes[1, k].imshow(dog[k][view], vmin=-0.08, vmax=0.08)
    axes[0, k].set_title(f"σ = {sigmas[k + 1]:.1f}")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("blurred")
axes[1, 0].set_ylabel("difference")
plotting.show(
    fig,
    alt="The roof of a pagoda blurred more and more; below, the differences of neighbouring blurs, "
    "where blobs of the matching size stand out bright or dark.",
)

# %% [markdown]
# Now the extrema, in one line of `scipy`, and OpenCV's SIFT on the same photograph. (The real algorithm goes on to halve the picture again and again, refines each place to a fraction of a pixel, and throws out weak extrema and those along edges.) **Predict**: what share of OpenCV's finest keypoints will our line find?

# %%
extremum = (dog == maximum_filter(dog, 3)) | (dog == minimum_filter(dog, 3))
extremum &= np.abs(dog) > 0.01  # weak ones are noise
extremum[[0, -1]] = False  # the first and last difference lack a neighbour in scale
_, y, x = np.nonzero(extremum)

keypoints, descriptors = sift_features(photo)
finest = keypoints[keypoints["size"] < 3.6]  # size is 2σ in pixels of the photograph
distance, _ = cKDTree(np.column_stack([x, y]) / 2).query(finest[["x", "y"]])
found = (distance < 1).mean()
print("at least nine in ten of OpenCV's finest keypoints are ours too:", found >= 0.9)
assert found >= 0.9

# %% [markdown]
# A keypoint gets an **angle** too: the direction in which most of the gradient around it points. Everything after this is measured relative to that angle and in units of that size.

# %%
fig, ax = plt.subplots(figsize=(5, 5))
ax.imshow(photo, vmin=0, vmax=255)
for point in keypoints.nlargest(250, "response").itertuples():
    ax.add_patch(plt.Circle((point.x, point.y), point.size, fill=False, ec="#E69F00", lw=0.9))
    turn = np.radians(point.angle)
    end = point.x + point.size * np.cos(turn), point.y + point.size * np.sin(turn)
    ax.plot([point.x, end[0]], [point.y, end[1]], color="#E69F00", lw=0.9)
ax.set(xlim=(0, 426), ylim=(426, 0), xticks=[], yticks=[])
plotting.show(
    fig,
    alt="A pagoda above trees with 250 circles: keypoints on roof ends, windows and leaves, each "
    "with a radius for its angle. The sky has none.",
)

# %% [markdown]
# ## 5 · SIFT: what to write down
#
# Around a keypoint of scale $\sigma$ and angle $\alpha$ lay a square of 4 by 4 cells, each $3\sigma$ wide, turned by $\alpha$. In each cell count gradient directions, relative to $\alpha$, in 8 bins: $4 \times 4 \times 8 = 128$ numbers. Pixels far from the middle count less (a Gaussian weight). Then divide by the length, clip and divide again, as in a HOG block. In the turned frame it is a small HOG with full circles:


# %%
def patch_around(image, point, n=18):
    """Return n x n samples around a keypoint, turned to its angle, 16 of them 12σ wide."""
    sigma, turn = point["size"] / 2, np.radians(point["angle"])
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), np.sqrt(sigma**2 - 0.25))
    c, r = np.meshgrid(*2 * [(np.arange(n) - (n - 1) / 2) * 0.75 * sigma])
    x = point["x"] + c * np.cos(turn) - r * np.sin(turn)
    y = point["y"] + c * np.sin(turn) + r * np.cos(turn)
    x, y = x.astype(np.float32), y.astype(np.float32)
    return cv2.remap(smooth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def describe_by_hand(image, point):
    dy, dx = (g[1:-1, 1:-1] for g in np.gradient(patch_around(image, point)))
    from_middle = np.arange(16) - 7.5
    weight = np.exp(-(from_middle[:, None] ** 2 + from_middle**2) / (2 * 8**2))
    direction = np.degrees(np.arctan2(-dy, dx)) % 360  # OpenCV counts anticlockwise here
    k = np.round(direction / 45).astype(int) % 8
    i, j = np.indices((16, 16)) // 4
    votes = (np.hypot(dx, dy) * weight).ravel()
    return normalise_block(np.bincount(((i * 4 + j) * 8 + k).ravel(), votes, minlength=128))


# %%
inside = keypoints["x"].between(60, 367) & keypoints["y"].between(60, 367)
large = keypoints.index[inside & (keypoints["size"] > 4)][:150]
ours = np.array([describe_by_hand(photo, keypoints.loc[k]) for k in large])
likeness = ours @ normalize(descriptors[large]).T  # cosines
print(
    "by hand and OpenCV, same keypoint, median cosine above 0.9:",
    np.median(likeness.diagonal()) > 0.9,
)
print("different keypoints, median cosine below 0.6:             ", np.median(likeness) < 0.6)
assert np.median(likeness.diagonal()) > 0.9
assert np.median(likeness) < 0.6

# %% [markdown]
# Not equal but close: OpenCV also shares each vote between neighbouring cells and bins, so that a shift of half a pixel does not make the numbers jump. Here is one keypoint: where it sits, its square turned upright, and its 16 little roses.

# %%
sharp = keypoints.loc[large][keypoints.loc[large, "size"].between(9, 16)]
which = sharp["response"].idxmax()
point, numbers = keypoints.loc[which], normalize(descriptors[[which]])[0].reshape(4, 4, 8)
turn, half = np.radians(point["angle"]), 3 * point["size"]  # 12σ wide, and the size is 2σ
square = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
square = square @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(8.4, 3))
left.imshow(photo, vmin=0, vmax=255)
left.plot(square[:, 0] + point["x"], square[:, 1] + point["y"], color="#E69F00")
left.set(xlim=point["x"] + np.array([-3, 3]) * half, ylim=point["y"] + np.array([3, -3]) * half)
middle.imshow(patch_around(photo, point)[1:-1, 1:-1], extent=(0, 4, 4, 0))
for i, j, k in np.ndindex(4, 4, 8):
    angle = -np.radians(45 * k)  # anticlockwise, on a picture whose y runs down
    dx, dy = 1.4 * numbers[i, j, k] * np.array([np.cos(angle), np.sin(angle)])
    right.plot([j + 0.5, j + 0.5 + dx], [i + 0.5, i + 0.5 + dy], color="#0072B2", lw=2)
right.set(xlim=(0, 4), ylim=(4, 0), aspect="equal")
for ax, title in ((left, "where it is"), (middle, "turned upright"), (right, "4 x 4 x 8 numbers")):
    ax.set(title=title, xticks=range(5) if ax is not left else [])
    ax.set(yticks=range(5) if ax is not left else [])
    ax.tick_params(labelleft=False, labelbottom=False)
    ax.grid(visible=ax is not left)
plotting.show(
    fig,
    alt="Left, a tilted square on the photograph; middle, the same square upright with a 4 by 4 "
    "grid; right, in each cell of the grid eight strokes whose lengths are the descriptor.",
)

# %% [markdown]
# ## 6 · What "invariant" means, and where it ends
#
# A word like *invariant* should be measured. Change the photograph in a known way $T$, find keypoints again, and count (after Mikolajczyk and others, 2005):
#
# $$ \text{repeatability} = \frac{\#\{\text{pairs of keypoints: place and size agree under } T\}}{\min(n_\text{before}, n_\text{after})}, \qquad
# \text{matching} = \frac{\#\{\text{pairs found by descriptor alone, at the right place}\}}{\min(n_\text{before}, n_\text{after})} . $$
#
# A descriptor is matched to its nearest one in the other picture if it is clearly nearer than the second nearest: $d_1 < 0.8\, d_2$ (Lowe's ratio test).
#
# Beside SIFT we run what the article describes: local maxima of the gradient's length, as many as SIFT finds. Having neither size nor angle, they get a descriptor of fixed size, upright.
#
# **Predict, before you scroll**: which of the five changes (rotation, shrinking, blur, noise, light) hurts SIFT least, and which most? And the gradient maxima?


# %%
def warped(matrix, width=427, height=427):
    options = {"flags": cv2.INTER_CUBIC, "borderValue": 128}
    return cv2.warpAffine(photo, matrix, (width, height), **options), matrix


def changed(kind, amount):
    """Return the changed photograph and the 2 x 3 matrix that moves its points."""
    if kind == "rotation (degrees)":
        return warped(cv2.getRotationMatrix2D((213, 213), amount, 1.0))
    if kind == "size (of the original)":
        small = cv2.resize(photo, None, fx=amount, fy=amount, interpolation=cv2.INTER_AREA)
        return small, np.array([[amount, 0, (amount - 1) / 2], [0, amount, (amount - 1) / 2]])
    if kind == "blur (σ in pixels)":
        picture = cv2.GaussianBlur(photo, (0, 0), amount) if amount else photo
    elif kind == "noise (sd, of 1)":
        picture = photo + np.random.default_rng(0).normal(0, 255 * amount, photo.shape)
    else:
        picture = photo * amount  # what leaves the range is cut off
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), np.eye(2, 3)


# %%
def gradient_maxima(image, n):
    """The article's "keypoints": the n highest local maxima of the gradient's length."""
    dy, dx = np.gradient(gaussian_filter(image.astype(float), 1.0))
    length = np.hypot(dx, dy)
    y, x = np.nonzero((length == maximum_filter(length, 3)) & (length > 0))
    best = np.argsort(-length[y, x], kind="stable")[:n]
    places = [cv2.KeyPoint(float(x[k]), float(y[k]), 4.0, 0.0) for k in best]
    if not places:
        return np.zeros((0, 3)), np.zeros((0, 128), dtype=np.float32)
    kept, described = cv2.SIFT_create().compute(image, places)
    return np.array([(*p.pt, p.size) for p in kept]), described


def sift(image):
    points, described = sift_features(image)
    return points[["x", "y", "size"]].to_numpy(), described


# %%
def move(points, matrix):
    return points[:, :2] @ matrix[:, :2].T + matrix[:, 2]


def repeated(before, after, matrix, tolerance=2.0):
    """Share of keypoints that are mutually nearest, with place and size in agreement."""
    before, after = np.unique(before, axis=0), np.unique(after, axis=0)  # one angle each is enough
    if len(after) == 0:
        return 0.0
    moved = move(before, matrix)
    j = cKDTree(after[:, :2]).query(moved)[1]
    mutual = cKDTree(moved).query(after[:, :2])[1][j] == np.arange(len(moved))
    near = np.linalg.norm(after[j, :2] - moved, axis=1) < tolerance
    zoom = np.sqrt(np.linalg.det(matrix[:, :2]))
    alike = np.abs(np.log2(after[j, 2] / (zoom * before[:, 2]))) < 0.5
    return (mutual & near & alike).sum() / min(len(before), len(after))


def matched(before, after, matrix, tolerance=2.0):
    """Share of descriptors that find their counterpart: ratio test first, then a look at where."""
    if len(after[1]) < 2:
        return 0.0
    moved = move(before[0], matrix)
    nearest = cv2.BFMatcher().knnMatch(before[1], after[1], k=2)
    good = [first for first, second in nearest if first.distance < 0.8 * second.distance]
    error = {m.trainIdx: np.linalg.norm(moved[m.queryIdx] - after[0][m.trainIdx, :2]) for m in good}
    return sum(e < tolerance for e in error.values()) / min(len(moved), len(after[1]))


# %%
CHANGES = {
    "rotation (degrees)": [0, 10, 30, 45, 60, 90, 135, 180],
    "size (of the original)": [1.0, 0.8, 0.65, 0.5, 0.35, 0.25],
    "blur (σ in pixels)": [0, 1, 2, 3, 5],
    "noise (sd, of 1)": [0, 0.02, 0.05, 0.1, 0.2],
    "light (factor)": [0.1, 0.2, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0],
}
before = {"SIFT": sift(photo)}
before["gradient maxima"] = gradient_maxima(photo, len(before["SIFT"][0]))
rows = []
for kind, amounts in CHANGES.items():
    for amount in amounts:
        picture, matrix = changed(kind, amount)
        after = {"SIFT": sift(picture)}
        after["gradient maxima"] = gradient_maxima(picture, len(after["SIFT"][0]))
        for method, first in before.items():
            again = repeated(first[0], after[method][0], matrix)
            rows.append((kind, amount, method, again, matched(first, after[method], matrix)))
curves = pd.DataFrame(rows, columns=["kind", "amount", "method", "repeatability", "matching"])

# %%
fig, axes = plt.subplots(1, 5, figsize=(11, 2.9), sharey=True)
for ax, (kind, part) in zip(axes, curves.groupby("kind", sort=False), strict=True):
    for method, colour in (("SIFT", "#0072B2"), ("gradient maxima", "#E69F00")):
        own = part[part["method"] == method]
        ax.plot(own["amount"], own["matching"], "o-", color=colour, label=f"{method}: matching")
        if method == "SIFT":
            ax.plot(
                own["amount"], own["repeatability"], "s:", color=colour, label="SIFT: repeatability"
            )
    ax.set(xlabel=kind, ylim=(0, 1.05))
axes[1].invert_xaxis()
axes[4].set_xscale("log")
axes[4].set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
axes[0].set_ylabel("share of keypoints")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
plotting.show(
    fig,
    alt="Five curves. SIFT's matching stays at 0.6 or above over all rotations, near 0.6 down to a quarter of "
    "the size, falls with blur and noise, and drops at low and high light. Gradient maxima match "
    "only without rotation or scaling.",
)

# %% [markdown]
# Read the curves against the word:
#
# - **Rotation**: flat but for quarter turns, which move whole pixels and cost almost nothing. At every other angle new pixels are computed from their neighbours, and the finest keypoints do not survive that.
# - **Size**: nearly flat over two octaves, of the keypoints that *can* survive. Fine ones vanish with their pixels, so the number falls.
# - **Blur** is not a change of size: the fine structure is gone, and no keypoint comes in its stead.
# - **Noise** makes extrema of its own and moves the others.
# - **Light**: the *descriptor* ignores any gain, but the *detector* has a threshold on contrast. In the dark there are no keypoints, and in glaring light the picture is cut off at white.
#
# The maxima of the gradient, upright and of fixed size, can be matched only as long as nothing turns or shrinks: without an angle and a size of their own there is nothing to be invariant *with*. Where nothing turns or shrinks they do well, and in noise even better than SIFT, for they are the strongest edges and are described over a wider square than most SIFT keypoints. Invariance has a price: a description that may not use size or direction knows less. We shall meet that price again below.
#
# ## 7 · From descriptors to one row: a bag of visual words
#
# Fusion needs every picture as one row of the same length. SIFT gives each picture a different number of descriptors, in no particular order. Here are 30 people, each drawn 8 times, smiling or frowning, turned and lit at random.

# %%
rng = np.random.default_rng(2)
N_PEOPLE, N_EACH = 30, 8
who = np.repeat(np.arange(N_PEOPLE), N_EACH)
valence = np.tile([1, -1], len(who) // 2) * rng.uniform(0.1, 1.0, len(who))
smiles = valence > 0
identities = rng.standard_normal((N_PEOPLE, IDENTITY_SIZE))
faces = np.array(
    [
        render_face(
            identities[person],
            valence=mood,
            yaw=np.clip(rng.normal(0, 8), -25, 25),
            pitch=np.clip(rng.normal(0, 5), -20, 20),
            light=np.clip(rng.normal(0, 25), -80, 80),
            noise=0.03,
            random_state=rng,
        )
        for person, mood in zip(who, valence, strict=True)
    ]
)
fig, axes = plt.subplots(2, 8, figsize=(8.4, 2.2))
for ax, face in zip(axes.flat, faces, strict=False):
    ax.imshow(face, vmin=0, vmax=255)
    ax.set(xticks=[], yticks=[])
plotting.show(fig, alt="Two people, eight pictures each, with smiles and frowns, poses and light.")

# %% tags=["nbval-ignore-output"]
n_keypoints = np.array([len(sift_features(face)[0]) for face in faces])
print("keypoints in a face: from", n_keypoints.min(), "to", n_keypoints.max())
assert n_keypoints.max() > 1.5 * n_keypoints.min()

# %% [markdown]
# The way out comes from text. Cluster the descriptors of the *training* pictures by k-means; the $K$ centres $w_1, \dots, w_K$ are the **visual words**, together the codebook. A picture with descriptors $d_1, \dots, d_n$ becomes
#
# $$ b_k = \#\{\, i : k = \arg\min_j \lVert d_i - w_j \rVert \,\}, \qquad k = 1, \dots, K, $$
#
# and from here on it is a text: weigh by TF-IDF, bring to length 1. The codebook is *fitted*, so it belongs inside the cross-validation: a codebook that has seen the test pictures knows what will be asked.

# %%
training = who < 24  # whole people are held out, not pictures
described = [sift_features(face)[1] for face in faces]
pool = np.concatenate([d for d, used in zip(described, training, strict=True) if used])
codebook = KMeans(64, n_init=1, random_state=0).fit(pool).cluster_centers_


def count_words(descriptors, codebook):
    nearest = cdist(descriptors, codebook).argmin(axis=1)
    return np.bincount(nearest, minlength=len(codebook))


counts = np.array([count_words(d, codebook) for d in described])
tfidf = TfidfTransformer().fit(counts[training])
ours = tfidf.transform(counts).toarray()

bag = BagOfVisualWords(64, random_state=0).fit(faces[training])
words = np.array([count_words(d, bag.codebook_) for d in described])
by_hand = TfidfTransformer().fit(words[training]).transform(words).toarray()
assert np.allclose(by_hand, bag.transform(faces))
print("pictures x words:", ours.shape, "· the package agrees, given its codebook")

# %% [markdown]
# What is a visual word? Below, for six of them, pieces of training pictures that belong to it, each turned to its angle and brought to one size.

# %%
shown = np.argsort(-words[training].sum(axis=0), kind="stable")[::10][:6]  # common to rare
pieces = {k: [] for k in shown}
for face in faces[training][::3]:
    points, d = sift_features(face)
    for row, k in enumerate(cdist(d, bag.codebook_).argmin(axis=1) if len(d) else []):
        if k in pieces and len(pieces[k]) < 14:
            pieces[k].append(patch_around(face, points.iloc[row], n=24))

fig, axes = plt.subplots(6, 1, figsize=(7, 3.6))
for number, (ax, k) in enumerate(zip(axes, shown, strict=True), start=1):
    strip = [(p - p.min()) / max(np.ptp(p), 1) for p in pieces[k]]
    ax.imshow(np.hstack([np.pad(p, 1, constant_values=1) for p in strip]))
    ax.set(xticks=[], yticks=[])
    ax.set_ylabel(f"word {number}", rotation=0, ha="right", va="center")
plotting.show(
    fig,
    alt="Six rows of small patches, one row a visual word; within a row they look alike: the "
    "outline of the head against the wall, whole heads, hair, eyes.",
)

# %% [markdown]
# The words are things one could name: the head's outline against the wall, strands of hair, a whole head, an eye. Nobody told the clustering.
#
# ## 8 · Which description for which task?
#
# Two tasks, five folds, and in each fold **no test person is in training**:
#
# - *expression*: is this a smile? A linear classifier, trained on other people;
# - *identity*: one known picture of each of six new people; whose is this other picture? The highest cosine wins. Nothing is learned about these six beforehand.
#
# Three descriptions: pixels reduced to 40 eigenfaces, HOG, and the bag of visual words. And each test picture twice: upright, and turned by one, two or three quarter turns, which lose no pixel.
#
# **Predict** the order of the three, upright. Then: which of the six numbers will a quarter turn leave alone? Chance is 50 % for expression, one in six for identity.

# %%
DESCRIPTIONS = {
    "eigenfaces": make_pipeline(PixelFeatures(size=48), PCA(40, random_state=0)),
    "HOG": HOGFeatures(),
    "SIFT words": BagOfVisualWords(64, random_state=0, n_jobs=2),
}
turns = rng.integers(1, 4, len(faces))
quarter = np.array([np.rot90(face, k) for face, k in zip(faces, turns, strict=True)])
folds = list(GroupKFold(5, shuffle=True, random_state=0).split(faces, smiles, groups=who))


def score(transformer, train, test):
    """Return the accuracy of expression and identity, upright and turned."""
    learner = LogisticRegression(max_iter=2000)
    learner.fit(transformer.fit_transform(faces[train]), smiles[train])
    known = test[::N_EACH]  # the first picture of each new person
    asked = ~np.isin(test, known)
    gallery = normalize(transformer.transform(faces[known]))
    for view, pictures in (("upright", faces), ("turned", quarter)):
        rows = transformer.transform(pictures[test])
        yield "expression", view, learner.score(rows, smiles[test])
        nearest = (normalize(rows[asked]) @ gallery.T).argmax(axis=1)
        yield "identity", view, np.mean(who[known][nearest] == who[test][asked])


# %%
results = pd.DataFrame(
    [
        (name, fold, *outcome)
        for name, transformer in DESCRIPTIONS.items()
        for fold, (train, test) in enumerate(folds)
        for outcome in score(transformer, train, test)
    ],
    columns=["description", "fold", "task", "view", "accuracy"],
)

# %%
LOOK = {"upright": ("o", "#0072B2", -0.12), "turned": ("s", "#D55E00", 0.12)}
fig, axes = plt.subplots(1, 2, figsize=(8, 2.9), sharex=True, sharey=True)
for ax, task, chance in zip(axes, ("expression", "identity"), (1 / 2, 1 / 6), strict=True):
    for (name, view), part in results[results["task"] == task].groupby(["description", "view"]):
        marker, colour, shift = LOOK[view]
        row = list(DESCRIPTIONS).index(name) + shift
        ax.plot(part["accuracy"], np.full(5, row), marker, color=colour, alpha=0.3, ms=4)
        label = view if name == "HOG" else None
        ax.plot(part["accuracy"].mean(), row, marker, color=colour, ms=8, label=label)
    ax.axvline(chance, color="#8C8C8C", linestyle="--")
    ax.text(chance, -0.42, " chance", color="0.35", va="center")
    ax.set(title=task, xlabel="accuracy", xlim=(0, 1.02), ylim=(2.5, -0.6))
axes[0].set_yticks(range(3), list(DESCRIPTIONS))
axes[0].legend(loc="lower left")
plotting.show(
    fig,
    alt="Accuracy on unseen people. Upright, HOG is best at both tasks and visual words are worst; "
    "turned, eigenfaces and HOG fall to chance while visual words stay where they were.",
)

# %% [markdown]
# Upright, HOG wins both tasks and even plain pixels beat the bag: the faces are all framed alike, *where* an edge lies is the message, and the bag throws just that away. Turn the pictures and the order reverses: the bag does not notice, the others come close to guessing. Neither is better; they are invariant to different things. **Choose the description that ignores what varies in your pictures and keeps what decides your task.** In this course faces are framed alike, so the chapters on fusion use HOG or eigenfaces.
#
# ## What we measured
#
# Each claim of this chapter, asserted (a trained model's digits vary between processors; the claims do not).

# %% tags=["nbval-ignore-output"]
print(results.pivot_table("accuracy", ["view", "task"], "description").round(2))
mean = results.pivot_table("accuracy", ["view", "description"], "task")
up, down = mean.loc["upright"], mean.loc["turned"]
fixed = ["eigenfaces", "HOG"]  # descriptions with a fixed frame
assert up.loc["HOG", "expression"] > 0.93
assert up.loc["HOG", "identity"] > 0.7
assert (up.loc["HOG"] > up.loc["eigenfaces"]).all()
assert (up.loc["eigenfaces"] > up.loc["SIFT words"] + 0.05).all()
assert (down.loc[fixed, "expression"] < 0.6).all()
assert (down.loc[fixed, "identity"] < 0.4).all()
assert (abs(up.loc["SIFT words"] - down.loc["SIFT words"]) < 0.06).all()
assert (down.loc["SIFT words"] > down.loc[fixed].max() + 0.05).all()

# %% tags=["nbval-ignore-output"]
table = curves.set_index(["method", "kind", "amount"])["matching"]
print(curves.pivot_table("matching", ["kind", "amount"], "method").round(2))
our_sift, maxima = table["SIFT"], table["gradient maxima"]
assert our_sift["rotation (degrees)"].min() > 0.55
assert our_sift["size (of the original)"].min() > 0.4
assert maxima["rotation (degrees)"].loc[[30, 45, 90, 180]].max() < 0.15
assert maxima["size (of the original)"].loc[0.5] < 0.3
assert our_sift["noise (sd, of 1)"].loc[0.2] < 0.3 < maxima["noise (sd, of 1)"].loc[0.1]
assert our_sift["light (factor)"].loc[0.1] < 0.1 < 0.8 < our_sift["light (factor)"].loc[0.5]

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 02.1 · One cell of HOG
#
# Given the two parts of the gradient in one cell, return how much length falls into each bin of direction: the *sum* of the lengths, bins of equal width from 0 to 180 degrees.


# %%
def cell_histogram(along_x, along_y, bins):
    """along_x, along_y: (8, 8) -> (bins,)"""
    ...  # your code here


check("02.1", cell_histogram)

# %% [markdown]
# <details><summary>Hint</summary>np.arctan2 takes y first and answers in radians from -π to π; np.histogram has weights= and range=.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_1(along_x, along_y, bins):
    degrees = np.degrees(np.arctan2(along_y, along_x)) % 180
    length = np.hypot(along_x, along_y)
    return np.histogram(degrees, bins=bins, range=(0, 180), weights=length)[0]


check("02.1", solution_1)

# %% [markdown]
# ### Exercise 02.2 · RootSIFT
#
# A descriptor is a histogram, and for histograms the Euclidean distance lets the tallest bins rule. RootSIFT divides each descriptor by its *sum* and takes the square root of each number; then the Euclidean distance is the Hellinger distance. A descriptor of zeros stays zeros.


# %%
def root_sift(descriptors):
    """(n, 128) -> (n, 128)"""
    ...  # your code here


check("02.2", root_sift)

# %% [markdown]
# <details><summary>Hint</summary>sum(axis=1, keepdims=True) keeps the sums as a column, so that each row is divided by its own.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_2(descriptors):
    total = descriptors.sum(axis=1, keepdims=True)
    return np.sqrt(descriptors / np.maximum(total, 1e-12))


check("02.2", solution_2)

# %% [markdown]
# ### Exercise 02.3 · A bag of visual words
#
# Return the *share* of descriptors whose nearest word is word 0, 1, 2, ... (Euclidean distance). Every word of the codebook has a place in the answer, also one that nobody uses, and a picture without keypoints gives zeros.


# %%
def bag(descriptors, codebook):
    """(n, 128) and (n_words, 128) -> (n_words,), summing to 1"""
    ...  # your code here


check("02.3", bag)

# %% [markdown]
# <details><summary>Hint</summary>np.bincount(..., minlength=...) counts; cdist gives all distances at once.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_3(descriptors, codebook):
    if len(descriptors) == 0:
        return np.zeros(len(codebook))
    nearest = cdist(descriptors, codebook).argmin(axis=1)
    return np.bincount(nearest, minlength=len(codebook)) / len(descriptors)


check("02.3", solution_3)

# %% [markdown]
# ### Exercise 02.4 · VLAD
#
# A bag counts *how many* descriptors fall to a word. VLAD (vector of locally aggregated descriptors) also keeps *where* they lie around it: for each word, the sum of the residuals $d_i - w_k$ of the descriptors nearest to it. Lay these sums end to end, word after word, and bring the whole vector to Euclidean length 1. No keypoints: zeros.


# %%
def vlad(descriptors, codebook):
    """(n, 128) and (n_words, 128) -> (n_words * 128,), of length 1"""
    ...  # your code here


check("02.4", vlad)

# %% [markdown]
# <details><summary>Hint</summary>A loop over the words: descriptors[nearest == k] - codebook[k], summed over axis 0.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_4(descriptors, codebook):
    table = np.zeros(codebook.shape)
    if len(descriptors):
        nearest = cdist(descriptors, codebook).argmin(axis=1)
        for k, word in enumerate(codebook):
            table[k] = (descriptors[nearest == k] - word).sum(axis=0)
    return table.ravel() / max(np.linalg.norm(table), 1e-12)


check("02.4", solution_4)

# %% [markdown]
# Go on: put `solution_4` with 16 words in place of `count_words` and run the experiment of section 8 again. Does it close the gap to HOG?
#
# ## Quiz
#
# 1. A picture is made brighter by 40 grey levels everywhere, without clipping. Which of pixels, HOG, SIFT changes?
#
# <details><summary>Answer</summary>Only the pixels. HOG and SIFT are made of differences between pixels, and the difference of two blurs of a constant is 0, so not even the keypoints move.</details>
#
# 2. Why can the descriptors of two pictures not simply be averaged into one row of 128 numbers each?
#
# <details><summary>Answer</summary>They can, and the row has a fixed length; but the mean of descriptors that describe different things resembles none of them. Counting by word keeps apart what differs. (With a codebook of one word, VLAD is that mean, shifted and scaled.)</details>
#
# 3. You fit the codebook on all pictures, labels unseen, and then cross-validate the classifier. What is wrong?
#
# <details><summary>Answer</summary>The words have adapted to the test pictures, so their rows describe them better than those of a picture that comes tomorrow. That the labels were not used makes the leak smaller, not harmless. Put the bag into a Pipeline and it is refitted in every fold.</details>
#
# 4. Expression of unseen people is recognised well from HOG when the faces are upright. You train on upright and turned pictures together. Would HOG then keep its accuracy on turned ones?
#
# <details><summary>Answer</summary>In part: the classifier would learn four sketches of a smile, one for each turn, from a quarter of the examples each. The description does not become invariant, the classifier has to. With arbitrary angles there would be many more sketches to learn.</details>
#
# ## Pitfalls
#
# - **Blue and red swapped.** OpenCV's `imread` returns blue, green, red; nearly everything else expects red first. `read_image` returns red first. Look at one picture before you compute on a thousand.
# - **Gradients of `uint8`.** `image[:, 2:] - image[:, :-2]` wraps round below 0 and gives edges where there are none. Convert to float first.
# - **A picture without keypoints.** SIFT returns nothing for a blank one, and code that divides by the number of descriptors returns NaN. The bag gives a row of zeros; decide what a zero row means to your classifier.
# - **Splitting pictures instead of people.** With pictures of one person on both sides, "expression" is in part "have I seen this face smile". Use `GroupKFold`.
# - **"Invariant" taken on trust.** Nothing is invariant without limits. Measure the curve on pictures like yours.
# - **OpenCV 5** has no `HOGDescriptor`, no bag-of-words trainer and no cascade detector any more; code that needs them stops there. SIFT is still in.
#
# ## References
#
# - D. G. Lowe, Distinctive image features from scale-invariant keypoints, International Journal of Computer Vision, 2004.
# - N. Dalal and B. Triggs, Histograms of oriented gradients for human detection, CVPR, 2005.
# - K. Mikolajczyk and others, A comparison of affine region detectors, International Journal of Computer Vision, 2005 (repeatability, matching score).
# - J. Sivic and A. Zisserman, Video Google: a text retrieval approach to object matching in videos, ICCV, 2003.
# - G. Csurka and others, Visual categorization with bags of keypoints, ECCV workshop, 2004.
# - R. Arandjelović and A. Zisserman, Three things everyone should know to improve object retrieval, CVPR, 2012 (RootSIFT).
# - H. Jégou and others, Aggregating local descriptors into a compact image representation, CVPR, 2010 (VLAD).
# - M. Turk and A. Pentland, Eigenfaces for recognition, Journal of Cognitive Neuroscience, 1991.
# - Photograph: "china.jpg" of scikit-learn, by danielbuechele (Flickr), CC BY 2.0, here in grey and cropped.
#
# **Next**: [03 · Sound: MFCC and chroma](03_hear_sound.ipynb): what do MFCC keep that chroma drops, and the reverse?
