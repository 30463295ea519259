/**
 * Python's image processors: the rule of each, and the defaults for preprocessor_config.json. The rules are
 * those of transformers 4.57 (src/transformers/models/), by their slow classes, which compute with Pillow and numpy; the fast
 * ones of torchvision have the same settings. Only where a slow class refuses a setting that its fast one takes does the fast
 * one count: sides by name, do_center_crop and do_pad are taken for all.
 */

/** ImageNet's own numbers, halves, and those of CLIP. */
const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const HALVES = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const CLIP = {
    image_mean: [0.48145466, 0.4578275, 0.40821073], image_std: [0.26862954, 0.26130258, 0.27577711],
};
const BILINEAR = { resample: 2 };
const BICUBIC = { resample: 3 };

/** @param {number} side */
const square = (side) => ({ height: side, width: side });
/** @param {number} side */
const shortest = (side) => ({ shortest_edge: side });
const DETECTED = { shortest_edge: 800, longest_edge: 1333 };

/** @param {number} side */
const cropped = (side) => ({ do_center_crop: true, crop_size: square(side) });

/**
 * `file` has the rule, below src/transformers/models/, or is null if only transformers.js has the class. `fit` names the rule
 * for sizes (steps.js), `number` the meaning of a single number for `size`, and `pad` the place of borders. Members of `fixed`
 * override the folder: the class has no such settings.
 * @typedef {object} Processor
 * @property {string | null} file
 * @property {'edges' | 'multiples' | 'rounded' | 'capped16' | 'masks' | 'cropped' | 'page' | 'floored' | 'longest' | 'even'} fit
 * @property {'square' | 'shortest' | 'capped' | 'longest'} number
 * @property {'corner' | 'middle' | 'page'} pad
 * @property {Record<string, any>} defaults
 * @property {Record<string, any>} fixed
 */

const COMMON = {
    do_resize: true, do_center_crop: false, do_rescale: true, rescale_factor: 1 / 255, do_normalize: true, do_pad: false,
    ...BILINEAR, ...HALVES,
};

/** @param {string | null} file @param {Record<string, any>} defaults @param {Partial<Processor>} [more]
 * @returns {Processor} */
const row = (file, defaults, more) => ({
    file, fit: 'edges', number: 'square', pad: 'corner', fixed: {}, ...more, defaults: { ...COMMON, ...defaults },
});

const DETR = { size: DETECTED, do_pad: true, ...IMAGENET };
const PAGE = { do_thumbnail: true, do_align_long_axis: false, do_pad: true };

/** @type {Readonly<Record<string, Processor>>} */
export const PROCESSORS = Object.freeze({
    BeitImageProcessor: row('beit/image_processing_beit.py', { size: square(256), ...BICUBIC, ...cropped(224) }),
    BitImageProcessor: row('bit/image_processing_bit.py',
        { size: shortest(224), ...BICUBIC, ...cropped(224), ...CLIP }, { number: 'shortest' }),
    CHMv2ImageProcessor: row(null, { size: square(224), ...IMAGENET }),
    CLIPImageProcessor: row('clip/image_processing_clip.py',
        { size: shortest(224), ...BICUBIC, ...cropped(224), ...CLIP }, { number: 'shortest' }),
    ChineseCLIPImageProcessor: row('chinese_clip/image_processing_chinese_clip.py',
        { size: shortest(224), ...BICUBIC, ...cropped(224), ...CLIP }, { number: 'shortest' }),
    ConvNextImageProcessor: row('convnext/image_processing_convnext.py',
        { size: shortest(384), crop_pct: 224 / 256, ...BICUBIC }, { fit: 'cropped', number: 'shortest' }),
    DINOv3ViTImageProcessor: row('dinov3_vit/image_processing_dinov3_vit_fast.py', { size: square(224), ...IMAGENET }),
    DPTImageProcessor: row('dpt/image_processing_dpt.py',
        { size: square(384), ...BICUBIC, keep_aspect_ratio: false, ensure_multiple_of: 1 }, { fit: 'rounded', pad: 'middle' }),
    DeiTImageProcessor: row('deit/image_processing_deit.py', { size: square(256), ...BICUBIC, ...cropped(224) }),
    DetrImageProcessor: row('detr/image_processing_detr.py', DETR, { number: 'capped' }),
    DonutImageProcessor: row('donut/image_processing_donut.py',
        { size: { height: 2560, width: 1920 }, ...PAGE }, { fit: 'page', pad: 'page' }),
    EfficientNetImageProcessor: row('efficientnet/image_processing_efficientnet.py',
        { size: square(346), resample: 0, crop_size: square(289), rescale_offset: false, include_top: true }),
    GLPNImageProcessor: row('glpn/image_processing_glpn.py', { size_divisor: 32 },
        { fit: 'floored', fixed: { do_normalize: false } }),
    Gemma3ImageProcessor: row('gemma3/image_processing_gemma3.py', { size: square(224) }),
    GroundingDinoImageProcessor: row('grounding_dino/image_processing_grounding_dino.py', DETR, { number: 'capped' }),
    Idefics3ImageProcessor: row('idefics3/image_processing_idefics3.py',
        { size: { longest_edge: 4 * 364 }, resample: 1, max_image_size: { longest_edge: 364 }, do_image_splitting: true },
        { fit: 'even', number: 'longest' }),
    ImageProcessor: row(null, { do_normalize: false }, { fit: 'multiples', number: 'shortest' }),
    JinaCLIPImageProcessor: row(null, { ...CLIP }),
    LlavaOnevisionImageProcessor: row('llava_onevision/image_processing_llava_onevision.py',
        { size: square(384), ...BICUBIC, ...CLIP }, { fixed: { do_pad: false } }),
    Mask2FormerImageProcessor: row('mask2former/image_processing_mask2former.py',
        { ...DETR, size_divisor: 32 }, { fit: 'masks', number: 'capped' }),
    MaskFormerImageProcessor: row('maskformer/image_processing_maskformer.py',
        { ...DETR, size_divisor: 32 }, { fit: 'masks', number: 'capped' }),
    MobileNetV1ImageProcessor: row('mobilenet_v1/image_processing_mobilenet_v1.py',
        { size: shortest(224), ...cropped(224) }, { number: 'shortest' }),
    MobileNetV2ImageProcessor: row('mobilenet_v2/image_processing_mobilenet_v2.py',
        { size: shortest(256), ...cropped(224) }, { number: 'shortest' }),
    MobileNetV3ImageProcessor: row(null, { size: shortest(256), ...cropped(224) }, { number: 'shortest' }),
    MobileNetV4ImageProcessor: row(null, { size: shortest(256), ...cropped(224) }, { number: 'shortest' }),
    MobileViTImageProcessor: row('mobilevit/image_processing_mobilevit.py',
        { size: shortest(224), ...cropped(256), do_flip_channel_order: true },
        { number: 'shortest', fixed: { do_normalize: false } }),
    NougatImageProcessor: row('nougat/image_processing_nougat.py',
        { size: { height: 896, width: 672 }, do_crop_margin: true, ...PAGE, ...IMAGENET }, { fit: 'page', pad: 'page' }),
    OwlViTImageProcessor: row('owlvit/image_processing_owlvit.py',
        { size: square(768), ...BICUBIC, crop_size: square(768), ...CLIP }),
    PvtImageProcessor: row('pvt/image_processing_pvt.py', { size: square(224), ...IMAGENET }),
    RTDetrImageProcessor: row('rt_detr/image_processing_rt_detr.py', { size: square(640), ...IMAGENET, do_normalize: false }),
    Sam2ImageProcessor: row('sam2/image_processing_sam2_fast.py', { size: square(1024), ...IMAGENET }),
    Sam3ImageProcessor: row('sam3/image_processing_sam3_fast.py', { size: square(1008) }),
    SamImageProcessor: row('sam/image_processing_sam.py',
        { size: { longest_edge: 1024 }, do_pad: true, pad_size: square(1024), ...IMAGENET }, { fit: 'longest', number: 'longest' }),
    SapiensImageProcessor: row(null, { size: { height: 1024, width: 768 }, ...IMAGENET }),
    SegformerImageProcessor: row('segformer/image_processing_segformer.py', { size: square(512), ...IMAGENET }),
    SiglipImageProcessor: row('siglip/image_processing_siglip.py', { size: square(224), ...BICUBIC }),
    SmolVLMImageProcessor: row('smolvlm/image_processing_smolvlm.py',
        { size: { longest_edge: 4 * 364 }, resample: 1, max_image_size: { longest_edge: 364 }, do_image_splitting: true },
        { fit: 'even', number: 'longest' }),
    ViTImageProcessor: row('vit/image_processing_vit.py', { size: square(224) }),
    YolosImageProcessor: row('yolos/image_processing_yolos.py', DETR, { fit: 'capped16', number: 'capped' }),
});

/** Classes that transformers.js has by their old names alone. */
const OLD_NAMES = Object.freeze(['BeitFeatureExtractor', 'ChineseCLIPFeatureExtractor', 'GLPNFeatureExtractor']);

/** The name of a class in the table: folders also have its old one, and that of its fast variant.
 * @param {Record<string, any>} file preprocessor_config.json */
export function processorName({ image_processor_type: type, feature_extractor_type: old }) {
    const name = type ?? old;
    return typeof name === 'string' ? name.replace(/Fast$/, '').replace(/(?:Image)?FeatureExtractor$/, 'ImageProcessor') : undefined;
}

/** Whether it is of a class in the table. @param {Record<string, any> | undefined} file */
export const isKnown = (file) => Object.hasOwn(PROCESSORS, processorName(file ?? {}) ?? '');

/** preprocessor_config.json in the form that transformers.js understands. @param {Record<string, any>} file */
export function withKnownName(file) {
    const name = processorName(file);
    const old = OLD_NAMES.find((one) => processorName({ feature_extractor_type: one }) === name);
    if (old) return { ...file, image_processor_type: old };
    return isKnown(file) ? { ...file, image_processor_type: name } : file;
}
