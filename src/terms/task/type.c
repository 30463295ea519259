/*
 * From a model's name to its type. The families below are written without separators and case, as
 * names are compared; a family matches where a word of the name begins, and ends where a word or
 * its letters end ("resnet50", "yolov8n", "efficientnet-b0"). The longest match wins, so that
 * "distilbart" is no "bart" and "clip-vit" no "vit".
 */
#include "terms/task/type.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

const char *const wi_model_type_names[] = {
    "text_embedding", "text_generation", "text2text", "vision", "audio", "multimodal", NULL};

static const char *const text_embedding[] = {"albert", "arcticembed", "bert", "bertweet", "bge",
    "bgem3", "bigbird", "biobert", "camembert", "chinesebert", "codebert", "colbert", "contriever",
    "convbert", "deberta", "debertav2", "debertav3", "distilbert", "distilroberta", "e5", "electra",
    "embed", "embedder", "embedding", "embeddinggemma", "embeddings", "ernie", "fasttext",
    "finbert", "flaubert", "glove", "granitembedding", "graphcodebert", "gte", "gtr", "herbert",
    "instructor", "jina", "jinabert", "jinaembeddings", "kobert", "labse", "legalbert",
    "longformer", "macbert", "mdeberta", "minilm", "minilml12", "minilml6", "mobilebert",
    "model2vec", "modernbert", "mpnet", "mxbai", "neobert", "nomic", "nomicbert", "nomicembed",
    "paraphrase", "phobert", "potion", "roberta", "rubert", "sbert", "scibert", "sentencebert",
    "sentencetransformers", "sgpt", "simcse", "splade", "squeezebert", "st5", "stella", "tinybert",
    "uae", "unixcoder", "word2vec", "xlmroberta", "xlnet", NULL};

static const char *const text_generation[] = {"alpaca", "apertus", "arctic", "aya", "baichuan",
    "biogpt", "bitnet", "bloom", "bloomz", "cerebrasgpt", "chatglm", "codegemma", "codegen",
    "codellama", "codeparrot", "cohere", "commandr", "dbrx", "decilm", "deepseek", "dialogpt",
    "distilgpt", "distilgpt2", "dolly", "ernie45", "exaone", "falcon", "falconh1", "gemma",
    "gemma2", "gemma3", "glm", "gpt", "gpt2", "gpt3", "gptbigcode", "gptj", "gptneo", "gptneox",
    "gptoss", "granite", "guanaco", "helium", "hermes", "hunyuan", "internlm", "jamba", "kimi",
    "koala", "lfm", "lfm2", "llama", "llama2", "llama3", "mamba", "minicpm", "ministral",
    "minitron", "mistral", "mixtral", "mobilellm", "mpt", "nanogpt", "nemotron", "olmo", "olmoe",
    "openchat", "openelm", "opengpt", "openhermes", "openllama", "opt", "persimmon", "phi", "phi1",
    "phi2", "phi3", "phi4", "pythia", "qwen", "qwen2", "qwen3", "qwq", "recurrentgemma",
    "redpajama", "reformer", "replit", "rwkv", "santacoder", "smollm", "smollm2", "smollm3",
    "stablecode", "stablelm", "starcoder", "starling", "tinyllama", "transfoxl", "vicuna",
    "wizardcoder", "wizardlm", "xgen", "xglm", "yi", "zephyr", NULL};

static const char *const text2text[] = {"bart", "barthez", "bartlarge", "bartpho", "bigbirdpegasus",
    "blenderbot", "blenderbotsmall", "byt5", "codet5", "codet5p", "distilbart", "flan", "flant5",
    "fsmt", "indictrans", "longt5", "m2m", "m2m100", "madlad", "madlad400", "marian", "marianmt",
    "mbart", "mbart50", "mrebel", "mt5", "nllb", "nllbmoe", "opusmt", "pegasus", "pegasusx",
    "plbart", "prophetnet", "rebel", "switchtransformers", "t0", "t0pp", "t5", "t5gemma", "t5v11",
    "ul2", "umt5", "wmt", "wmt19", "xlmprophetnet", NULL};

static const char *const vision[] = {"alexnet", "arcface", "beit", "birefnet", "bisenet",
    "blazeface", "blazepose", "caffenet", "centernet", "cifar", "clipseg", "coatnet",
    "conditionaldetr", "convmixer", "convnext", "convnextv2", "crnn", "cvt", "cyclegan", "dabdetr",
    "dbnet", "dcgan", "deeplab", "deeplabv3", "deformabledetr", "deit", "densenet", "depthanything",
    "depthpro", "detic", "detr", "dfine", "dino", "dinov2", "dinov3", "dit", "dpt", "edgesam",
    "edsr", "efficientdet", "efficientformer", "efficientnet", "efficientvit", "emotionferplus",
    "esrgan", "facenet", "fasterrcnn", "fastestdet", "fastneuralstyle", "fastsam", "fastvit", "fcn",
    "ghostnet", "glpn", "googlenet", "groundingdino", "hiera", "hrnet", "ijepa", "imagegpt",
    "inception", "insightface", "isnet", "lenet", "levit", "mask2former", "maskformer", "maskrcnn",
    "maxvit", "mediapipe", "medsam", "mgpstr", "midas", "mnasnet", "mnist", "mobilenet",
    "mobileone", "mobilesam", "mobilevit", "modnet", "movenet", "nanodet", "nasnet",
    "nomicembedvision", "oneformer", "openpose", "owlv2", "owlvit", "picodet", "pix2pix", "pnasnet",
    "poolformer", "posenet", "ppyolo", "pspnet", "pvt", "rcan", "rcnn", "rcnnilsvrc13",
    "realesrgan", "regnet", "resnest", "resnet", "resnext", "retinaface", "retinanet", "rmbg",
    "rtdetr", "sam", "sam2", "scrfd", "sdturbo", "sdxl", "segformer", "segmentanything",
    "shufflenet", "squeezenet", "srcnn", "ssd", "ssdmobilenet", "stablediffusion", "stylegan",
    "styletransfer", "superres", "superresolution", "swiftformer", "swin", "swin2sr", "swinv2",
    "tabletransformer", "timesformer", "u2net", "ultraface", "ultralightface", "unet",
    "unetplusplus", "vgg", "videomae", "vit", "vitmae", "vitmatte", "vitmsn", "vitpose", "vivit",
    "wideresnet", "xception", "yolo", "yoloe", "yolonas", "yolos", "yolov", "yoloworld", "yolox",
    "yunet", "zfnet", "zoedepth", NULL};

static const char *const audio[] = {"asr", "ast", "audiogen", "audioldm",
    "audiospectrogramtransformer", "bark", "basicpitch", "bertvits", "bigvgan", "chattts",
    "citrinet", "clap", "cnn14", "conformer", "convtasnet", "cosyvoice", "crepe", "dac",
    "data2vecaudio", "deepfilternet", "deepspeech", "demucs", "distilwhisper", "dtln", "ecapa",
    "encodec", "f5tts", "fastconformer", "fastspeech", "fastspeech2", "fsmnvad", "gtcrn", "hifigan",
    "htdemucs", "hubert", "jasper", "keywordspotting", "kokoro", "kws", "laionclap", "marblenet",
    "melgan", "melotts", "mimi", "mms", "mmstts", "moonshine", "musicgen", "nsnet", "outetts",
    "panns", "paraformer", "parakeet", "parlertts", "piper", "pyannote", "quartznet", "qwen2audio",
    "qwenasr", "qwenaudio", "rnnoise", "s2t", "seamless", "seamlessm4t", "sensevoice", "sepformer",
    "silero", "snac", "soundstream", "speech2text", "speecht5", "spleeter", "styletts", "styletts2",
    "tacotron", "tacotron2", "titanet", "tts", "ultravox", "unispeech", "vad", "vggish", "vits",
    "vocos", "voxtral", "w2vbert", "wav2vec", "wav2vec2", "wav2vec2bert", "waveglow", "wavenet",
    "wavlm", "whisper", "xtts", "xvector", "yamnet", "zipformer", NULL};

static const char *const multimodal[] = {"albef", "altclip", "bakllava", "blip", "blip2",
    "chameleon", "chineseclip", "clip", "clipvit", "coca", "cogagent", "cogvlm", "colpali",
    "colqwen", "colsmol", "deepseekvl", "deepseekvl2", "donut", "evaclip", "fastvlm", "flava",
    "florence", "florence2", "fuyu", "gemma3n", "glm4v", "gotocr", "granitevision", "groupvit",
    "idefics", "idefics2", "idefics3", "imagebind", "instructblip", "internvl", "internvl2",
    "janus", "januspro", "jinaclip", "kosmos", "kosmos2", "languagebind", "layoutlm", "layoutlmv2",
    "layoutlmv3", "layoutxlm", "lfm2vl", "llava", "llavanext", "llavaonevision", "llavaphi",
    "lxmert", "metaclip", "minicpmo", "minicpmv", "mllama", "mobileclip", "molmo", "moondream",
    "moondream2", "nanollava", "nougat", "openclip", "ovis", "paligemma", "phi35vision", "phi3v",
    "phi3vision", "phi4multimodal", "pix2struct", "pixtral", "qvq", "qwen25omni", "qwen25vl",
    "qwen2omni", "qwen2vl", "qwen3vl", "qwenomni", "qwenvl", "siglip", "siglip2", "smolvlm",
    "smolvlm2", "tinyclip", "tinyllava", "trocr", "udop", "videollava", "vilt", "vipllava",
    "visionencoderdecoder", "visualbert", "vitgpt2", "vlm", "xclip", NULL};

static const struct {
    enum wi_model_type type;
    const char *const *names;
} families[] = {
    {WI_TYPE_TEXT_EMBEDDING, text_embedding},
    {WI_TYPE_TEXT_GENERATION, text_generation},
    {WI_TYPE_TEXT2TEXT, text2text},
    {WI_TYPE_VISION, vision},
    {WI_TYPE_AUDIO, audio},
    {WI_TYPE_MULTIMODAL, multimodal},
};

/* Words that change the type of a text generator: "Qwen2.5-VL-7B", "Phi-3-vision". */
static const struct {
    const char *word;
    enum wi_model_type type;
} modifiers[] = {
    {"vl", WI_TYPE_MULTIMODAL},
    {"vlm", WI_TYPE_MULTIMODAL},
    {"vision", WI_TYPE_MULTIMODAL},
    {"multimodal", WI_TYPE_MULTIMODAL},
    {"omni", WI_TYPE_MULTIMODAL},
    {"audio", WI_TYPE_AUDIO},
    {"asr", WI_TYPE_AUDIO},
    {"tts", WI_TYPE_AUDIO},
    {"embedding", WI_TYPE_TEXT_EMBEDDING},
    {"embeddings", WI_TYPE_TEXT_EMBEDDING},
    {"embed", WI_TYPE_TEXT_EMBEDDING},
    {"reranker", WI_TYPE_TEXT_EMBEDDING},
};

const char *wi_model_type_name(enum wi_model_type type)
{
    return type > WI_TYPE_UNKNOWN && type < WI_TYPE_COUNT ? wi_model_type_names[type - 1] : NULL;
}

/* A name with its separators removed; `starts` marks where words begin. */
struct squeezed {
    char text[260];
    unsigned char starts[261];
    size_t length;
};

static void name_squeeze(const char *name, struct squeezed *out)
{
    int boundary = 1;

    memset(out, 0, sizeof *out);
    for (; *name && out->length < sizeof out->text - 1; name++) {
        if (!isalnum((unsigned char)*name)) {
            boundary = 1;
            continue;
        }
        out->starts[out->length] = (unsigned char)boundary;
        out->text[out->length++] = (char)tolower((unsigned char)*name);
        boundary = 0;
    }
    out->starts[out->length] = 1;
}

/* Whether a family may end before position `at`: at a word's end, before a digit, or before one
 * letter and a digit ("mobilenetv2", "vitb16"). */
static int ends_at(const struct squeezed *name, size_t at)
{
    if (name->starts[at] || name->text[at] < 'a' || name->text[at] > 'z')
        return 1;
    return !name->starts[at + 1] && isdigit((unsigned char)name->text[at + 1]);
}

/* Whether `text` occurs in `name` from a word's boundary to another, or with `is_family` to where a
 * family may end. */
static int name_has(const struct squeezed *name, const char *text, int is_family)
{
    size_t length = strlen(text);

    for (size_t at = 0; at + length <= name->length; at++)
        if (name->starts[at] && memcmp(name->text + at, text, length) == 0 &&
            (name->starts[at + length] || (is_family && ends_at(name, at + length))))
            return 1;
    return 0;
}

static enum wi_model_type longest_family(const struct squeezed *name)
{
    enum wi_model_type type = WI_TYPE_UNKNOWN;
    size_t best = 0;

    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        for (const char *const *family = families[i].names; *family; family++) {
            size_t length = strlen(*family);

            if (length > best && name_has(name, *family, 1)) {
                best = length;
                type = families[i].type;
            }
        }
    }
    return type;
}

static enum wi_model_type type_find(const char *text)
{
    struct squeezed name;

    name_squeeze(text, &name);
    enum wi_model_type type = longest_family(&name);
    if (type != WI_TYPE_TEXT_GENERATION)
        return type;
    for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++)
        if (name_has(&name, modifiers[i].word, 0))
            return modifiers[i].type;
    return type;
}

/* The owner in "owner/name" says less than the name and is asked only when that says nothing. */
enum wi_model_type wi_model_type_of_name(const char *model_name)
{
    const char *slash = strrchr(model_name, '/');
    enum wi_model_type type = type_find(slash ? slash + 1 : model_name);

    return type == WI_TYPE_UNKNOWN && slash ? type_find(model_name) : type;
}
