/* Names of models and the types they tell, traps included. */
#include "../../test.h"

#include "terms/task/type.h"
#include <string.h>

static const struct {
    const char *name;
    enum wi_model_type type;
} names[] = {
    {"bert-base-uncased", WI_TYPE_TEXT_EMBEDDING},
    {"distilbert-base-uncased-finetuned-sst-2", WI_TYPE_TEXT_EMBEDDING},
    {"FacebookAI/roberta-large", WI_TYPE_TEXT_EMBEDDING},
    {"xlm-roberta-base", WI_TYPE_TEXT_EMBEDDING},
    {"microsoft/deberta-v3-base", WI_TYPE_TEXT_EMBEDDING},
    {"sentence-transformers/all-MiniLM-L6-v2", WI_TYPE_TEXT_EMBEDDING},
    {"sentence-transformers/all-mpnet-base-v2", WI_TYPE_TEXT_EMBEDDING},
    {"BAAI/bge-small-en-v1.5", WI_TYPE_TEXT_EMBEDDING},
    {"intfloat/multilingual-e5-large", WI_TYPE_TEXT_EMBEDDING},
    {"thenlper/gte-base", WI_TYPE_TEXT_EMBEDDING},
    {"nomic-ai/nomic-embed-text-v1.5", WI_TYPE_TEXT_EMBEDDING},
    {"jinaai/jina-embeddings-v2-base-en", WI_TYPE_TEXT_EMBEDDING},
    {"Qwen/Qwen3-Embedding-0.6B", WI_TYPE_TEXT_EMBEDDING},
    {"google/embeddinggemma-300m", WI_TYPE_TEXT_EMBEDDING},
    {"google/electra-small", WI_TYPE_TEXT_EMBEDDING},
    {"gpt2", WI_TYPE_TEXT_GENERATION},
    {"openai-community/GPT-2", WI_TYPE_TEXT_GENERATION},
    {"distilgpt2", WI_TYPE_TEXT_GENERATION},
    {"text_gen_tiny_gpt2_prefill", WI_TYPE_TEXT_GENERATION},
    {"meta-llama/Llama-3.2-1B-Instruct", WI_TYPE_TEXT_GENERATION},
    {"TinyLlama-1.1B", WI_TYPE_TEXT_GENERATION},
    {"Qwen/Qwen2.5-0.5B", WI_TYPE_TEXT_GENERATION},
    {"mistralai/Mistral-7B-v0.1", WI_TYPE_TEXT_GENERATION},
    {"microsoft/Phi-3-mini-4k-instruct", WI_TYPE_TEXT_GENERATION},
    {"google/gemma-2-2b", WI_TYPE_TEXT_GENERATION},
    {"HuggingFaceTB/SmolLM2-135M", WI_TYPE_TEXT_GENERATION},
    {"facebook/opt-125m", WI_TYPE_TEXT_GENERATION},
    {"bigscience/bloom-560m", WI_TYPE_TEXT_GENERATION},
    {"tiiuae/falcon-7b", WI_TYPE_TEXT_GENERATION},
    {"deepseek-ai/DeepSeek-R1", WI_TYPE_TEXT_GENERATION},
    {"EleutherAI/gpt-neox-20b", WI_TYPE_TEXT_GENERATION},
    {"google-t5/t5-small", WI_TYPE_TEXT2TEXT},
    {"google/flan-t5-base", WI_TYPE_TEXT2TEXT},
    {"google/mt5-small", WI_TYPE_TEXT2TEXT},
    {"facebook/bart-large-cnn", WI_TYPE_TEXT2TEXT},
    {"sshleifer/distilbart-cnn-12-6", WI_TYPE_TEXT2TEXT},
    {"google/pegasus-xsum", WI_TYPE_TEXT2TEXT},
    {"Helsinki-NLP/opus-mt-en-de", WI_TYPE_TEXT2TEXT},
    {"facebook/m2m100_418M", WI_TYPE_TEXT2TEXT},
    {"facebook/nllb-200-distilled-600M", WI_TYPE_TEXT2TEXT},
    {"facebook/mbart-large-50", WI_TYPE_TEXT2TEXT},
    {"google/vit-base-patch16-224", WI_TYPE_VISION},
    {"vit_b_16", WI_TYPE_VISION},
    {"facebook/deit-tiny-patch16-224", WI_TYPE_VISION},
    {"ResNet50", WI_TYPE_VISION},
    {"light_resnet50", WI_TYPE_VISION},
    {"resnet50-opt", WI_TYPE_VISION},
    {"cnn_squeezenet_randw", WI_TYPE_VISION},
    {"light_squeezenet", WI_TYPE_VISION},
    {"mobilenetv2-12", WI_TYPE_VISION},
    {"MobileNet_v3_Large", WI_TYPE_VISION},
    {"efficientnet-b0", WI_TYPE_VISION},
    {"efficientnetb4", WI_TYPE_VISION},
    {"light_densenet121", WI_TYPE_VISION},
    {"light_inception_v1", WI_TYPE_VISION},
    {"light_bvlc_alexnet", WI_TYPE_VISION},
    {"light_vgg19", WI_TYPE_VISION},
    {"light_shufflenet", WI_TYPE_VISION},
    {"facebook/convnextv2-tiny-1k-224", WI_TYPE_VISION},
    {"microsoft/swin-tiny", WI_TYPE_VISION},
    {"yolov8n", WI_TYPE_VISION},
    {"ultralytics/YOLO11s", WI_TYPE_VISION},
    {"hustvl/yolos-tiny", WI_TYPE_VISION},
    {"facebook/detr-resnet-50", WI_TYPE_VISION},
    {"nvidia/segformer-b0", WI_TYPE_VISION},
    {"facebook/sam-vit-base", WI_TYPE_VISION},
    {"facebook/sam2.1-hiera-tiny", WI_TYPE_VISION},
    {"facebook/dinov2-small", WI_TYPE_VISION},
    {"vision_mnist_ms_digit3", WI_TYPE_VISION},
    {"vision_superres_test", WI_TYPE_VISION},
    {"vision_fastestdet_bus", WI_TYPE_VISION},
    {"ultraface-320", WI_TYPE_VISION},
    {"unet", WI_TYPE_VISION},
    {"openai/whisper-tiny.en", WI_TYPE_AUDIO},
    {"distil-whisper/distil-small.en", WI_TYPE_AUDIO},
    {"facebook/wav2vec2-base-960h", WI_TYPE_AUDIO},
    {"facebook/w2v-bert-2.0", WI_TYPE_AUDIO},
    {"facebook/hubert-base-ls960", WI_TYPE_AUDIO},
    {"audio_silero_vad", WI_TYPE_AUDIO},
    {"audio_dtln_model1", WI_TYPE_AUDIO},
    {"vits-ljspeech", WI_TYPE_AUDIO},
    {"Bert-VITS2", WI_TYPE_AUDIO},
    {"microsoft/speecht5_tts", WI_TYPE_AUDIO},
    {"facebook/encodec_24khz", WI_TYPE_AUDIO},
    {"facebook/musicgen-small", WI_TYPE_AUDIO},
    {"laion/clap-htsat-unfused", WI_TYPE_AUDIO},
    {"MIT/ast-finetuned-audioset-10-10-0.4593", WI_TYPE_AUDIO},
    {"vggish", WI_TYPE_AUDIO},
    {"Qwen/Qwen2-Audio-7B", WI_TYPE_AUDIO},
    {"openai/clip-vit-base-patch32", WI_TYPE_MULTIMODAL},
    {"sentence-transformers/clip-ViT-B-32", WI_TYPE_MULTIMODAL},
    {"jinaai/jina-clip-v1", WI_TYPE_MULTIMODAL},
    {"Salesforce/blip-image-captioning-base", WI_TYPE_MULTIMODAL},
    {"llava-hf/llava-1.5-7b-hf", WI_TYPE_MULTIMODAL},
    {"google/siglip-base-patch16-224", WI_TYPE_MULTIMODAL},
    {"google/paligemma-3b-pt-224", WI_TYPE_MULTIMODAL},
    {"microsoft/Florence-2-base", WI_TYPE_MULTIMODAL},
    {"HuggingFaceM4/idefics2-8b", WI_TYPE_MULTIMODAL},
    {"Qwen/Qwen2-VL-2B-Instruct", WI_TYPE_MULTIMODAL},
    {"Qwen/Qwen2.5-VL-7B", WI_TYPE_MULTIMODAL},
    {"Qwen-VL-Chat", WI_TYPE_MULTIMODAL},
    {"microsoft/Phi-3.5-vision-instruct", WI_TYPE_MULTIMODAL},
    {"meta-llama/Llama-3.2-11B-Vision", WI_TYPE_MULTIMODAL},
    {"deepseek-ai/deepseek-vl2", WI_TYPE_MULTIMODAL},
    {"vikhyatk/moondream2", WI_TYPE_MULTIMODAL},
    {"HuggingFaceTB/SmolVLM-256M-Instruct", WI_TYPE_MULTIMODAL},
    {"nlpconnect/vit-gpt2-image-captioning", WI_TYPE_MULTIMODAL},
    {"op_add", WI_TYPE_UNKNOWN},
    {"op_clip_expanded", WI_TYPE_MULTIMODAL}, /* the price of going by names: model.json corrects */
    {"text_magika_v3_3_a", WI_TYPE_UNKNOWN},
    {"digits", WI_TYPE_UNKNOWN},
    {"invites", WI_TYPE_UNKNOWN},
    {"eclipse", WI_TYPE_UNKNOWN},
    {"adapter", WI_TYPE_UNKNOWN},
    {"optimizer", WI_TYPE_UNKNOWN},
    {"sample", WI_TYPE_UNKNOWN},
    {"best5", WI_TYPE_UNKNOWN},
    {"robertson", WI_TYPE_UNKNOWN},
    {"", WI_TYPE_UNKNOWN},
    {"/", WI_TYPE_UNKNOWN},
    {"---", WI_TYPE_UNKNOWN},
};

TEST(tells_types_of_names)
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        enum wi_model_type type = wi_model_type_of_name(names[i].name);
        const char *got = wi_model_type_name(type), *want = wi_model_type_name(names[i].type);
        if (type == names[i].type)
            continue;
        print_error("%s: %s instead of %s\n", names[i].name, got ? got : "unknown",
            want ? want : "unknown");
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

TEST(survives_long_names)
{
    char name[5000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(wi_model_type_of_name(name), WI_TYPE_UNKNOWN);
    memcpy(name, "bert-", 5);
    assert_int_equal(wi_model_type_of_name(name), WI_TYPE_TEXT_EMBEDDING);
}

TEST(types_have_the_names_of_their_list)
{
    for (int i = WI_TYPE_UNKNOWN + 1; i < WI_TYPE_COUNT; i++)
        assert_string_equal(wi_model_type_name((enum wi_model_type)i), wi_model_type_names[i - 1]);
    assert_null(wi_model_type_name(WI_TYPE_UNKNOWN));
    assert_null(wi_model_type_names[WI_TYPE_COUNT - 1]);
}
