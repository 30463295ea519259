#!/usr/bin/python3
"""What Python's image processors make of pictures: writes tests/oracles/pictures/*.json.

    /usr/bin/python3 tests/oracles/pictures.py      (Debian: python3-pil, python3-numpy)

The rules of the slow classes of transformers 4.57, written down here without a look at the page's code: Pillow scales, numpy
computes. Each function names the file of src/transformers/models/ whose rule it is.
"""

import json
import math
import os

import numpy
import PIL
from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
HALVES = ([0.5] * 3, [0.5] * 3)
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
NEAREST, LANCZOS, BILINEAR, BICUBIC = 0, 1, 2, 3
SAMPLES = 40
MOST_TILES = 128  # the page refuses pictures of more


class Impossible(Exception):
    """Pillow makes no picture without pixels."""


class Picture:
    """A picture; or, without pixels, the size that it would have."""

    def __init__(self, width, height, image=None):
        self.width, self.height, self.image = width, height, image

    def resize(self, height, width, resample):
        if height < 1 or width < 1:
            raise Impossible
        image = self.image and self.image.resize((width, height), resample)
        return Picture(width, height, image)

    def array(self):
        return numpy.asarray(self.image)

    def made(self, array):
        return Picture(array.shape[1], array.shape[0], Image.fromarray(array))

    def framed(self, top, left, height, width):
        """The window that begins there, with 0 where the picture is not."""
        if self.image is None:
            return Picture(width, height)
        bottom, right = max(0, top + height - self.height), max(0, left + width - self.width)
        wide = numpy.pad(self.array(), ((max(0, -top), bottom), (max(0, -left), right), (0, 0)))
        y, x = max(0, top), max(0, left)
        return self.made(wide[y : y + height, x : x + width])


def drawn(width, height):
    """The picture that the tests draw, too, without any symmetry."""
    x, y, c = numpy.meshgrid(numpy.arange(width), numpy.arange(height), numpy.arange(3))
    values = (x * 7 + y * 13 + c * 29 + x * y % 11 * 9) & 255
    return Picture(width, height, Image.fromarray(values.astype(numpy.uint8)))


def paper(width, height):
    """A dark, uneven block on white paper."""
    picture = numpy.full((height, width, 3), 250, numpy.uint8)
    top, left = height // 5, width // 3
    block = drawn(width // 2, height // 2).array() // 2
    picture[top : top + block.shape[0], left : left + block.shape[1]] = block
    return Picture(width, height, Image.fromarray(picture))


# --- image_transforms.py, image_processing_utils.py ------------------------------------------------


def sides(size, square, longest=None):
    """get_size_dict"""
    if isinstance(size, (list, tuple)):
        return {"height": size[0], "width": size[1]}
    if isinstance(size, dict):
        return size
    if square:
        return {"height": size, "width": size}
    return {"shortest_edge": size, **({"longest_edge": longest} if longest else {})}


def by_shortest(picture, edge):
    """get_resize_output_image_size without a longest edge"""
    short, long = sorted((picture.height, picture.width))
    other = int(edge * long / short)
    return (other, edge) if picture.width <= picture.height else (edge, other)


def by_both(picture, edge, most, portrait_first=False):
    """get_size_with_aspect_ratio; YOLOS' has its branches in another order"""
    height, width = picture.height, picture.width
    raw = None
    if float(max(height, width)) / float(min(height, width)) * edge > most:
        raw = most * float(min(height, width)) / float(max(height, width))
        edge = int(round(raw))
    scale = edge if raw is None else raw
    is_right = (height <= width and height == edge) or (width <= height and width == edge)
    if is_right and not (portrait_first and width < height):
        return height, width
    if width < height:
        return int(scale * height / width), edge
    return edge, int(scale * width / height)


def by_name(picture, size):
    """BaseImageProcessorFast.resize"""
    if "shortest_edge" in size and "longest_edge" in size:
        return by_both(picture, size["shortest_edge"], size["longest_edge"])
    if "shortest_edge" in size:
        return by_shortest(picture, size["shortest_edge"])
    if "max_height" in size:
        scale = min(size["max_height"] / picture.height, size["max_width"] / picture.width)
        return int(picture.height * scale), int(picture.width * scale)
    return size["height"], size["width"]


def center_crop(picture, size):
    size = sides(size, True)
    height, width = size["height"], size["width"]
    return picture.framed((picture.height - height) // 2, (picture.width - width) // 2, height, width)


def numbers(picture, said, mean_std, normalizes=True, offset=0.0):
    """rescale and normalize: [3, height, width]"""
    if picture.image is None:
        return None
    values = picture.array()
    if said.get("do_rescale", True):
        scaled = values.astype(numpy.float64) * said.get("rescale_factor", 1 / 255)
        values = scaled.astype(numpy.float32) + numpy.float32(offset)
    values = values.astype(numpy.float32)
    mean, std = mean_and_std(said, mean_std)
    if normalizes and said.get("do_normalize", True):
        values = (values - mean) / std
    return values.transpose(2, 0, 1)


def mean_and_std(said, defaults):
    found = [said.get(name) for name in ("image_mean", "image_std")]
    chosen = [default if one is None else one for one, default in zip(found, defaults)]
    return [numpy.array(one if isinstance(one, list) else [one] * 3, numpy.float32) for one in chosen]


def in_corner(values, picture, height, width):
    """Padded with 0 at the right and at the bottom."""
    if values is None:
        return None, (width, height)
    return numpy.pad(values, ((0, 0), (0, height - picture.height), (0, width - picture.width))), (width, height)


def plain(size, square, mean_std, resample=BILINEAR, crop=None, crops=False, normalizes=True):
    """beit, bit, clip, chinese_clip, deit, mobilenet_v1, mobilenet_v2, owlvit, pvt, rt_detr, segformer, siglip, vit: they
    differ in their defaults alone"""

    def rule(picture, said):
        if said.get("do_resize", True):
            wanted = sides(said.get("size") or size, square)
            if said.get("use_square_size"):
                wanted = {"height": wanted["shortest_edge"], "width": wanted["shortest_edge"]}
            picture = picture.resize(*by_name(picture, wanted), said.get("resample", resample))
        if said.get("do_center_crop", crops):
            picture = center_crop(picture, said.get("crop_size") or crop)
        said = {"do_normalize": normalizes, **said}
        return numbers(picture, said, mean_std), (picture.width, picture.height)

    return rule


# --- models/*/image_processing_*.py ----------------------------------------------------------------


def convnext(picture, said):
    if said.get("do_resize", True):
        edge = sides(said.get("size") or {"shortest_edge": 384}, False)["shortest_edge"]
        resample = said.get("resample", BICUBIC)
        if edge < 384:
            larger = by_shortest(picture, int(edge / (said.get("crop_pct") or 224 / 256)))
            picture = center_crop(picture.resize(*larger, resample), edge)
        else:
            picture = picture.resize(edge, edge, resample)
    return numbers(picture, said, HALVES), (picture.width, picture.height)


def detr(picture, said):
    if said.get("do_resize", True):
        size = said.get("size") or {"shortest_edge": 800, "longest_edge": 1333}
        size = sides(size, False, said.get("max_size", 1333))
        picture = picture.resize(*by_name(picture, size), said.get("resample", BILINEAR))
    values = numbers(picture, said, IMAGENET)
    if said.get("do_pad", True) and said.get("pad_size"):
        return in_corner(values, picture, said["pad_size"]["height"], said["pad_size"]["width"])
    return values, (picture.width, picture.height)


def yolos(picture, said):
    size = said.get("size") or {"shortest_edge": 800, "longest_edge": 1333}
    size = sides(size, False, said.get("max_size", 1333))
    if "longest_edge" in size:
        height, width = by_both(picture, size["shortest_edge"], size["longest_edge"], True)
        height, width = height - height % 16, width - width % 16
    else:
        height, width = by_name(picture, size)
    picture = picture.resize(height, width, said.get("resample", BILINEAR))
    return numbers(picture, said, IMAGENET), (picture.width, picture.height)


def maskformer(picture, said):
    """mask2former, too"""
    divisor = said.get("size_divisor", said.get("size_divisibility", 32))
    size = said.get("size") or {"shortest_edge": 800, "longest_edge": 1333}
    size = sides(size, False, said.get("max_size", 1333))
    if "longest_edge" in size:
        height, width = by_shortest(picture, size["shortest_edge"])
        most = size["longest_edge"]
        if max(height, width) > most:
            short = int(most * size["shortest_edge"] / max(height, width))
            height, width = (most, short) if picture.width <= picture.height else (short, most)
    else:
        height, width = by_name(picture, size)
    if divisor > 0:
        height, width = (math.ceil(side / divisor) * divisor for side in (height, width))
    picture = picture.resize(height, width, said.get("resample", BILINEAR))
    return numbers(picture, said, IMAGENET), (picture.width, picture.height)


def dpt(picture, said):
    size = sides(said.get("size") or {"height": 384, "width": 384}, True)
    multiple = said.get("ensure_multiple_of", 1)
    y, x = size["height"] / picture.height, size["width"] / picture.width
    if said.get("keep_aspect_ratio", False):
        if abs(1 - x) < abs(1 - y):
            y = x
        else:
            x = y
    height, width = (round(side / multiple) * multiple for side in (y * picture.height, x * picture.width))
    picture = picture.resize(height, width, said.get("resample", BICUBIC))
    values = numbers(picture, said, HALVES)
    divisor = said.get("size_divisor")
    if not (said.get("do_pad", False) and divisor):
        return values, (picture.width, picture.height)
    rests = [math.ceil(side / divisor) * divisor - side for side in (height, width)]
    whole = (width + rests[1], height + rests[0])
    edges = [(rest // 2, rest - rest // 2) for rest in rests]
    return None if values is None else numpy.pad(values, ((0, 0), *edges)), whole


def page(defaults, mean_std, crops):
    """donut, nougat"""

    def rule(picture, said):
        size = sides(said.get("size") or defaults, True)
        high, wide = size["height"], size["width"]
        if said.get("do_crop_margin", crops) and picture.image:
            picture = without_margin(picture)
        is_across = (wide < high and picture.width > picture.height) or (wide > high and picture.width < picture.height)
        if said.get("do_align_long_axis", False) and is_across:
            turned = picture.image and picture.image.transpose(Image.Transpose.ROTATE_270)
            picture = Picture(picture.height, picture.width, turned)
        if said.get("do_resize", True):
            picture = picture.resize(*by_shortest(picture, min(high, wide)), said.get("resample", BILINEAR))
        if said.get("do_thumbnail", True):
            picture = thumbnail(picture, high, wide)
        if said.get("do_pad", True):
            top, left = (high - picture.height) // 2, (wide - picture.width) // 2
            picture = picture.framed(-top, -left, high, wide)
        return numbers(picture, said, mean_std), (picture.width, picture.height)

    return rule


def without_margin(picture):
    grey = numpy.asarray(picture.image.convert("L")).astype(numpy.float64)
    if grey.max() == grey.min():
        return picture
    dark = (grey - grey.min()) / (grey.max() - grey.min()) * 255 < 200
    rows, columns = numpy.flatnonzero(dark.any(1)), numpy.flatnonzero(dark.any(0))
    return picture.made(picture.array()[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def thumbnail(picture, high, wide):
    """Bicubic, whatever the folder says. The slow class also gives Pillow a reducing_gap, which changes nothing unless it
    makes a side less than a quarter; no case does."""
    height, width = min(picture.height, high), min(picture.width, wide)
    if (height, width) == (picture.height, picture.width):
        return picture
    if picture.height > picture.width:
        width = int(picture.width * height / picture.height)
    elif picture.width > picture.height:
        height = int(picture.height * width / picture.width)
    return picture.resize(height, width, BICUBIC)


def glpn(picture, said):
    divisor = said.get("size_divisor", 32)
    if said.get("do_resize", True):
        height, width = (side // divisor * divisor for side in (picture.height, picture.width))
        picture = picture.resize(height, width, said.get("resample", BILINEAR))
    return numbers(picture, said, HALVES, normalizes=False), (picture.width, picture.height)


def efficientnet(picture, said):
    if said.get("do_resize", True):
        size = sides(said.get("size") or 346, True)
        picture = picture.resize(size["height"], size["width"], said.get("resample", NEAREST))
    if said.get("do_center_crop", False):
        picture = center_crop(picture, said.get("crop_size") or 289)
    values = numbers(picture, said, HALVES, offset=-1.0 if said.get("rescale_offset", False) else 0.0)
    if values is not None and said.get("include_top", True):
        _, std = mean_and_std(said, HALVES)
        values = values / std.reshape(3, 1, 1)
    return values, (picture.width, picture.height)


def mobilevit(picture, said):
    """No do_normalize; BGR."""
    if said.get("do_resize", True):
        size = sides(said.get("size") or {"shortest_edge": 224}, False)
        picture = picture.resize(*by_name(picture, size), said.get("resample", BILINEAR))
    if said.get("do_center_crop", True):
        picture = center_crop(picture, said.get("crop_size") or 256)
    values = numbers(picture, said, HALVES, normalizes=False)
    if values is not None and said.get("do_flip_channel_order", True):
        values = values[::-1]
    return values, (picture.width, picture.height)


def sam(picture, said):
    longest = (said.get("size") or {"longest_edge": 1024})["longest_edge"]
    scale = longest * 1.0 / max(picture.height, picture.width)
    height, width = (int(side * scale + 0.5) for side in (picture.height, picture.width))
    picture = picture.resize(height, width, said.get("resample", BILINEAR))
    values = numbers(picture, said, IMAGENET)
    pad = sides(said.get("pad_size") or 1024, True)
    return in_corner(values, picture, pad["height"], pad["width"])


def idefics3(picture, said):
    """smolvlm, too: the tiles and the whole, one behind the other"""
    longest = (said.get("size") or {"longest_edge": 4 * 364})["longest_edge"]
    tile = (said.get("max_image_size") or {"longest_edge": 364})["longest_edge"]
    resample = said.get("resample", LANCZOS)
    if said.get("do_resize", True):
        height, width = even(picture, longest)
        if max(height, width) > 4096:
            ratio = width / height
            height, width = (max(1, int(4096 / ratio)), 4096) if width >= height else (4096, max(1, int(4096 * ratio)))
        picture = picture.resize(height, width, resample)
    if not said.get("do_image_splitting", True):
        picture = picture.resize(tile, tile, resample)
        return numbers(picture, said, HALVES), (tile, tile), (0, 0)
    ratio = picture.width / picture.height
    if picture.width >= picture.height:
        width = math.ceil(picture.width / tile) * tile
        height = math.ceil(int(width / ratio) / tile) * tile
    else:
        height = math.ceil(picture.height / tile) * tile
        width = math.ceil(int(height * ratio) / tile) * tile
    picture = picture.resize(height, width, resample)
    rows, columns = height // tile, width // tile
    parts = [] if rows * columns == 1 else [
        picture.framed(row * tile, column * tile, tile, tile) for row in range(rows) for column in range(columns)]
    parts.append(picture.resize(tile, tile, resample))
    values = [numbers(part, said, HALVES) for part in parts]
    grid = (rows, columns) if parts[1:] else (0, 0)
    return None if values[0] is None else numpy.concatenate(values), (tile, tile), grid


def even(picture, longest):
    ratio = picture.width / picture.height
    if picture.width >= picture.height:
        height = int(longest / ratio)
        return max(1, height + height % 2), longest
    width = int(longest * ratio)
    return longest, max(1, width + width % 2)


SQUARE = {"height": 224, "width": 224}
RULES = {
    "BeitImageProcessor": ("beit/image_processing_beit.py", plain(256, True, HALVES, BICUBIC, 224, True)),
    "BitImageProcessor": ("bit/image_processing_bit.py", plain({"shortest_edge": 224}, False, CLIP, BICUBIC, 224, True)),
    "CLIPImageProcessor": ("clip/image_processing_clip.py", plain({"shortest_edge": 224}, False, CLIP, BICUBIC, 224, True)),
    "ChineseCLIPImageProcessor": ("chinese_clip/image_processing_chinese_clip_fast.py",
                                  plain({"shortest_edge": 224}, False, CLIP, BICUBIC, 224, True)),
    "ConvNextImageProcessor": ("convnext/image_processing_convnext.py", convnext),
    "DINOv3ViTImageProcessor": ("dinov3_vit/image_processing_dinov3_vit_fast.py", plain(224, True, IMAGENET)),
    "DPTImageProcessor": ("dpt/image_processing_dpt.py", dpt),
    "DeiTImageProcessor": ("deit/image_processing_deit.py", plain(256, True, HALVES, BICUBIC, 224, True)),
    "DetrImageProcessor": ("detr/image_processing_detr.py", detr),
    "DonutImageProcessor": ("donut/image_processing_donut.py", page([2560, 1920], HALVES, False)),
    "EfficientNetImageProcessor": ("efficientnet/image_processing_efficientnet.py", efficientnet),
    "GLPNImageProcessor": ("glpn/image_processing_glpn.py", glpn),
    "Gemma3ImageProcessor": ("gemma3/image_processing_gemma3.py", plain(224, True, HALVES)),
    "GroundingDinoImageProcessor": ("grounding_dino/image_processing_grounding_dino.py", detr),
    "Idefics3ImageProcessor": ("idefics3/image_processing_idefics3.py", idefics3),
    "Mask2FormerImageProcessor": ("mask2former/image_processing_mask2former.py", maskformer),
    "MaskFormerImageProcessor": ("maskformer/image_processing_maskformer.py", maskformer),
    "MobileNetV1ImageProcessor": ("mobilenet_v1/image_processing_mobilenet_v1.py",
                                  plain({"shortest_edge": 224}, False, HALVES, BILINEAR, 224, True)),
    "MobileNetV2ImageProcessor": ("mobilenet_v2/image_processing_mobilenet_v2.py",
                                  plain({"shortest_edge": 256}, False, HALVES, BILINEAR, 224, True)),
    "MobileViTImageProcessor": ("mobilevit/image_processing_mobilevit.py", mobilevit),
    "NougatImageProcessor": ("nougat/image_processing_nougat.py", page([896, 672], IMAGENET, True)),
    "OwlViTImageProcessor": ("owlvit/image_processing_owlvit.py", plain(768, True, CLIP, BICUBIC, 768)),
    "PvtImageProcessor": ("pvt/image_processing_pvt.py", plain(224, True, IMAGENET)),
    "RTDetrImageProcessor": ("rt_detr/image_processing_rt_detr.py", plain(640, True, IMAGENET, normalizes=False)),
    "Sam2ImageProcessor": ("sam2/image_processing_sam2_fast.py", plain(1024, True, IMAGENET)),
    "SamImageProcessor": ("sam/image_processing_sam.py", sam),
    "SegformerImageProcessor": ("segformer/image_processing_segformer.py", plain(512, True, IMAGENET)),
    "SiglipImageProcessor": ("siglip/image_processing_siglip.py", plain(224, True, HALVES, BICUBIC)),
    "SmolVLMImageProcessor": ("smolvlm/image_processing_smolvlm.py", idefics3),
    "ViTImageProcessor": ("vit/image_processing_vit.py", plain(224, True, HALVES)),
    "YolosImageProcessor": ("yolos/image_processing_yolos.py", yolos),
}

# --- cases -----------------------------------------------------------------------------------------

SHAPES = [(1, 1), (1, 40), (40, 1), (9, 7), (31, 33), (32, 32), (48, 48), (97, 61), (224, 224), (500, 333), (640, 427), (427, 640),
          (511, 512), (800, 1333), (1000, 37), (37, 1000), (2999, 2001)]
SMALL = {"height": 40, "width": 28}
EDGES = {"shortest_edge": 30, "longest_edge": 45}

# A class, what its folder says beside its name, and the pictures whose numbers are kept.
CASES = [
    ("BeitImageProcessor", {}, [(97, 61)]),
    ("BeitImageProcessor", {"size": 40, "crop_size": 33}, [(97, 61), (9, 7)]),
    ("BitImageProcessor", {}, [(61, 97)]),
    ("BitImageProcessor", {"size": 30, "crop_size": {"height": 27, "width": 24}}, [(61, 97)]),
    ("CLIPImageProcessor", {}, [(300, 200)]),
    ("CLIPImageProcessor", {"size": 224, "crop_size": 224}, [(300, 200)]),
    ("CLIPImageProcessor", {"size": {"shortest_edge": 33}, "crop_size": 25, "do_convert_rgb": True}, [(97, 61), (1, 40), (7, 9)]),
    ("CLIPImageProcessor", {"size": 20, "crop_size": {"height": 31, "width": 25}}, [(97, 61), (61, 97), (20, 20)]),
    ("CLIPImageProcessor", {"size": 20, "crop_size": 31, "do_center_crop": False}, [(97, 61)]),
    ("CLIPImageProcessor", {"size": {"shortest_edge": 32}, "crop_size": 32, "use_square_size": True}, [(97, 61)]),
    ("CLIPImageProcessor", {"do_resize": False, "crop_size": 50}, [(97, 61), (31, 60)]),
    ("CLIPImageProcessor", {"size": SMALL, "do_center_crop": False, "do_rescale": False, "do_normalize": False}, [(97, 61)]),
    ("CLIPImageProcessor", {"size": {"max_height": 50, "max_width": 30}, "do_center_crop": False}, [(97, 61), (5, 9)]),
    ("ChineseCLIPImageProcessor", {"size": SMALL, "do_center_crop": False}, [(97, 61)]),
    ("ConvNextImageProcessor", {}, [(40, 50)]),
    ("ConvNextImageProcessor", {"size": 32, "crop_pct": 0.875}, [(97, 61), (61, 97), (9, 7)]),
    ("ConvNextImageProcessor", {"size": {"shortest_edge": 224}, "resample": 2}, [(97, 61)]),
    ("ConvNextImageProcessor", {"size": {"shortest_edge": 50}, "crop_pct": 0.95}, [(97, 61)]),
    ("ConvNextImageProcessor", {"size": 500}, []),
    ("DINOv3ViTImageProcessor", {}, [(97, 61)]),
    ("DPTImageProcessor", {}, [(40, 30)]),
    ("DPTImageProcessor", {"size": SMALL, "keep_aspect_ratio": True}, [(97, 61), (30, 50)]),
    ("DPTImageProcessor", {"size": {"height": 49, "width": 49}, "keep_aspect_ratio": True, "ensure_multiple_of": 14}, [(97, 61), (61, 97)]),
    ("DPTImageProcessor", {"size": SMALL, "do_pad": True, "size_divisor": 14}, [(97, 61)]),
    ("DPTImageProcessor", {"size": {"height": 35, "width": 63}, "ensure_multiple_of": 14}, [(97, 61)]),
    ("DeiTImageProcessor", {}, [(61, 97)]),
    ("DeiTImageProcessor", {"size": 40, "do_center_crop": False, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}, [(61, 97)]),
    ("DetrImageProcessor", {}, [(1, 1)]),
    ("DetrImageProcessor", {"size": {"shortest_edge": 800, "longest_edge": 1333}, "do_resize": True, "do_pad": True}, []),
    ("DetrImageProcessor", {"size": 30, "max_size": 45}, [(97, 61), (61, 97), (1, 40), (60, 30)]),
    ("DetrImageProcessor", {"size": 800}, []),
    ("DetrImageProcessor", {"size": EDGES, "pad_size": {"height": 50, "width": 60}}, [(97, 61), (45, 30)]),
    ("DetrImageProcessor", {"size": EDGES, "do_normalize": False, "rescale_factor": 0.5}, [(97, 61)]),
    ("DetrImageProcessor", {"size": SMALL, "image_mean": 0.4, "image_std": 0.3}, [(97, 61)]),
    ("DonutImageProcessor", {"size": SMALL}, [(97, 61), (61, 97), (30, 30), (20, 60)]),
    ("DonutImageProcessor", {"size": [28, 40], "do_align_long_axis": True}, [(61, 97), (97, 61)]),
    ("DonutImageProcessor", {"size": SMALL, "do_thumbnail": False, "do_pad": False}, [(97, 61)]),
    ("DonutImageProcessor", {"size": SMALL, "do_resize": False, "resample": 1}, [(97, 61), (20, 10)]),
    ("EfficientNetImageProcessor", {"size": 40}, [(97, 61)]),
    ("EfficientNetImageProcessor", {"size": SMALL, "rescale_offset": True, "rescale_factor": 1 / 127.5, "do_normalize": False}, [(97, 61)]),
    ("EfficientNetImageProcessor", {"size": SMALL, "rescale_offset": True, "include_top": False, "resample": 3}, [(97, 61)]),
    ("EfficientNetImageProcessor", {"size": SMALL, "do_center_crop": True, "crop_size": 27,
                                    "image_mean": [0.485, 0.456, 0.406], "image_std": [0.47853944, 0.4732864, 0.47434163]}, [(97, 61)]),
    ("GLPNImageProcessor", {}, [(97, 61), (70, 33)]),
    ("GLPNImageProcessor", {"size_divisor": 8, "resample": 3, "do_normalize": True}, [(97, 61)]),
    ("GLPNImageProcessor", {"do_resize": False}, [(31, 33)]),
    ("Gemma3ImageProcessor", {"do_pan_and_scan": None}, [(97, 61)]),
    ("GroundingDinoImageProcessor", {"size": EDGES}, [(97, 61)]),
    ("Idefics3ImageProcessor", {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}}, [(97, 61), (61, 97), (9, 7), (500, 20)]),
    ("Idefics3ImageProcessor", {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}, "do_image_splitting": False}, [(97, 61)]),
    ("Idefics3ImageProcessor", {"do_resize": False, "max_image_size": {"longest_edge": 32}, "resample": 3}, [(50, 23), (20, 30)]),
    ("Mask2FormerImageProcessor", {"size": EDGES}, [(97, 61)]),
    ("MaskFormerImageProcessor", {"size": 30, "max_size": 45, "size_divisibility": 16}, [(97, 61), (61, 97), (1, 40)]),
    ("MaskFormerImageProcessor", {}, []),
    ("MaskFormerImageProcessor", {"size": SMALL, "size_divisor": 12}, [(97, 61)]),
    ("MobileNetV1ImageProcessor", {}, [(97, 61)]),
    ("MobileNetV2ImageProcessor", {}, [(61, 97)]),
    ("MobileNetV2ImageProcessor", {"size": {"shortest_edge": 32}, "crop_size": {"height": 28, "width": 28}}, [(97, 61)]),
    ("MobileViTImageProcessor", {}, [(97, 61)]),
    ("MobileViTImageProcessor", {"size": {"shortest_edge": 33}, "crop_size": 32, "do_normalize": True}, [(97, 61)]),
    ("MobileViTImageProcessor", {"size": {"shortest_edge": 28}, "crop_size": 32, "do_flip_channel_order": False}, [(97, 61)]),
    ("NougatImageProcessor", {"size": SMALL}, [("paper", 97, 61), ("paper", 61, 97), (61, 97)]),
    ("NougatImageProcessor", {"size": SMALL, "do_crop_margin": False}, [("paper", 97, 61)]),
    ("OwlViTImageProcessor", {"size": SMALL}, [(97, 61)]),
    ("OwlViTImageProcessor", {"size": [40, 28], "do_center_crop": True, "crop_size": 33}, [(97, 61)]),
    ("PvtImageProcessor", {}, [(97, 61)]),
    ("RTDetrImageProcessor", {"size": SMALL}, [(97, 61)]),
    ("RTDetrImageProcessor", {"size": SMALL, "do_normalize": True}, [(97, 61)]),
    ("Sam2ImageProcessor", {"size": SMALL}, [(97, 61)]),
    ("SamImageProcessor", {"size": {"longest_edge": 40}, "pad_size": {"height": 40, "width": 40}}, [(97, 61), (61, 97), (1, 1)]),
    ("SegformerImageProcessor", {"size": 40, "do_reduce_labels": True}, [(97, 61)]),
    ("SegformerImageProcessor", {"size": SMALL, "image_mean": None, "resample": 5}, [(97, 61)]),
    ("SiglipImageProcessor", {}, [(97, 61)]),
    ("SiglipImageProcessor", {"size": SMALL, "do_convert_rgb": None}, [(9, 7)]),
    ("SmolVLMImageProcessor", {"size": {"longest_edge": 96}, "max_image_size": {"longest_edge": 32}}, [(97, 61)]),
    ("SmolVLMImageProcessor", {"size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512}}, []),
    ("ViTImageProcessor", {}, [(97, 61)]),
    ("ViTImageProcessor", {"size": 224}, [(1, 1), (1, 40)]),
    ("ViTImageProcessor", {"size": {"height": 32, "width": 32}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}, [(97, 61), (300, 2)]),
    ("ViTImageProcessor", {"size": 32, "resample": 0}, [(97, 61)]),
    ("ViTImageProcessor", {"size": 32, "resample": 1}, [(97, 61)]),
    ("ViTImageProcessor", {"size": 32, "resample": 4}, [(97, 61)]),
    ("ViTImageProcessor", {"size": 32, "do_rescale": False}, [(97, 61)]),
    ("ViTImageProcessor", {"size": 32, "rescale_factor": 1 / 127.5, "image_mean": 1, "image_std": 1}, [(97, 61)]),
    ("YolosImageProcessor", {"size": {"shortest_edge": 512, "longest_edge": 1333}}, []),
    ("YolosImageProcessor", {}, []),
    ("YolosImageProcessor", {"size": {"shortest_edge": 50, "longest_edge": 90}}, [(97, 61), (61, 97), (500, 333)]),
]


def asked(name, said, index):
    """Folders have the class's name, that of its fast variant, or the old one."""
    old = {"feature_extractor_type": name.replace("ImageProcessor", "FeatureExtractor")}
    return {**[{"image_processor_type": name}, {"image_processor_type": f"{name}Fast"}, old][index % 3], **said}


def size_of(rule, said, width, height):
    try:
        _, size, *grid = rule(Picture(width, height), said)
    except Impossible:
        return None
    return [*size, *(grid[0] if grid else ())]


def values_of(rule, said, shape):
    kind, width, height = shape if len(shape) == 3 else ("drawn", *shape)
    values, size, *grid = rule((paper if kind == "paper" else drawn)(width, height), said)
    flat = values.reshape(-1).astype(numpy.float32)
    places = [i * (flat.size - 1) // (SAMPLES - 1) for i in range(SAMPLES)]
    return {
        "picture": kind, "from": [width, height], "to": [*size, *(grid[0] if grid else ())], "count": int(flat.size),
        "mean": float(flat.astype(numpy.float64).mean()), "spread": float(flat.astype(numpy.float64).std()),
        "samples": [float(f"{flat[place]:.7g}") for place in places],
    }


def main():
    os.makedirs(HERE, exist_ok=True)
    program = f"Pillow {PIL.__version__} and numpy {numpy.__version__}, by the rules of transformers 4.57"
    cases = []
    for index, (name, said, shapes) in enumerate(CASES):
        file, rule = RULES[name]
        crops = name == "NougatImageProcessor" and said.get("do_crop_margin", True)
        found = [] if crops else [[*shape, size_of(rule, said, *shape)] for shape in SHAPES]
        sizes = [one for one in found if not one[-1] or math.prod(one[-1][2:]) < MOST_TILES]
        cases.append({"rule": file, "file": asked(name, said, index), "sizes": sizes,
                      "values": [values_of(rule, said, shape) for shape in shapes]})
    with open(os.path.join(HERE, "processors.json"), "w", encoding="utf-8") as out:
        lines = ",\n".join(json.dumps(case) for case in cases)
        out.write(f'{{"oracle": {{"program": {json.dumps(program)}}}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
