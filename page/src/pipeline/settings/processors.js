/** Settings of what prepares pictures and sounds: preprocessor_config.json, and processor_config.json. */
import { harmless, honoured, ignored } from './rows.js';

const NAMES = honoured('which processor it is', 'feature_extractor_type image_processor_type processor_class');
const OF_PROGRAMS = harmless('it says what a program gets, or who wrote the file', `_processor_class _valid_processor_keys auto_map data_format device
    disable_grouping input_data_format model_input_names return_metadata return_tensors transformers_version`);

export const PREPROCESSOR = Object.freeze([
    NAMES,
    honoured('how a picture is scaled, cut, padded and coloured', `background_color crop_pct crop_size do_center_crop do_convert_rgb do_crop_margin
        do_flip_channel_order do_image_splitting do_normalize do_pad do_rescale do_resize do_thumbnail ensure_multiple_of image_grid_pinpoints
        image_mean image_std keep_aspect_ratio max_image_size pad_size resample rescale_factor size size_divisibility size_divisor`),
    honoured('how a sound is cut, padded and made a spectrogram', `chunk_length feature_size fft_window_size frequency_max frequency_min hop_length
        max_length max_length_s mean n_fft n_samples nb_frequency_bins nb_max_frames nb_max_samples num_mel_bins padding padding_value
        return_attention_mask sampling_rate std truncation`),
    harmless('only training takes it', 'do_reduce_labels reduce_labels ignore_index num_labels class_info_file metadata num_text repo_path'),
    harmless('it follows from others', 'fft_overlap max_size top_db padding_side'),
    OF_PROGRAMS,
    ignored('it is not computed', 'dither do_align_long_axis', { dither: 0 }),
]);

export const PROCESSOR = Object.freeze([
    NAMES,
    honoured('how many tokens a picture becomes', 'image_seq_len image_token num_additional_image_tokens patch_size vision_feature_select_strategy'),
    harmless('another file says it', 'chat_template feature_extractor image_processor tokenizer video_processor'),
    harmless('no sound or film is read beside a text', `audio_token fake_image_token num_audio_tokens num_image_tokens audio_seq_length
        image_seq_length video_token`),
    OF_PROGRAMS,
]);
