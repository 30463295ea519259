/** Settings of what prepares pictures and sounds: preprocessor_config.json, and processor_config.json. */
import { harmless, honoured } from './rows.js';

const NAMES = honoured('the name of the processor', 'feature_extractor_type image_processor_type processor_class');
const OF_PROGRAMS = harmless('describes what the original program returns, or where the file came from', `_processor_class _valid_processor_keys auto_map data_format device
    disable_grouping input_data_format model_input_names return_metadata return_tensors transformers_version`);

export const PREPROCESSOR = Object.freeze([
    NAMES,
    honoured('how a picture is scaled, cropped and padded, and how its colours are converted; unsupported values are refused when the folder is loaded', `background_color crop_pct crop_size do_align_long_axis do_center_crop do_convert_rgb do_crop_margin
        do_flip_channel_order do_image_splitting do_pad do_rescale do_resize do_thumbnail ensure_multiple_of
        fill_color image_grid_pinpoints image_mean image_std include_top keep_aspect_ratio max_image_size max_size pad_and_return_pixel_mask
        pad_size resample rescale_factor rescale_offset size size_divisibility size_divisor use_square_size`),
    honoured('how a sound is cut, padded and converted to a spectrogram; unsupported values are refused when the folder is loaded', `chunk_length dither
        feature_size fft_window_size frequency_max frequency_min hop_length max_length max_length_s mean n_fft num_mel_bins padding
        padding_side padding_value preemphasis return_attention_mask sampling_rate std stride top_db truncation win_length`),
    harmless('computed from other members', 'fft_overlap mel_filters n_samples nb_frequency_bins nb_max_frames nb_max_samples'),
    honoured('whether the values of pictures and sounds are normalised', 'do_normalize'),
    harmless('used in training only', 'do_convert_annotations do_reduce_labels reduce_labels ignore_index num_labels class_info_file metadata num_text repo_path'),
    OF_PROGRAMS,
]);

export const PROCESSOR = Object.freeze([
    NAMES,
    honoured('the number of tokens for a picture', 'image_seq_len image_token num_additional_image_tokens patch_size vision_feature_select_strategy'),
    honoured('how pictures and sounds are prepared; takes precedence over preprocessor_config.json', 'feature_extractor image_processor'),
    harmless('taken from another file', 'chat_template tokenizer'),
    harmless('videos are not read', 'video_processor'),
    harmless('sounds and videos are not read together with a text', `audio_token fake_image_token num_audio_tokens num_image_tokens audio_seq_length
        image_seq_length video_token`),
    OF_PROGRAMS,
]);
