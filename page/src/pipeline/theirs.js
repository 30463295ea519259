/**
 * The private members of transformers.js 4.3 that are used: all of them here. Of its rules
 *
 * are taken     classes of models with their inputs, steps and caches; processors of pictures and sounds, as far as settings/ says so;
 *               Whisper's generate; which class a configuration names
 * are replaced  tokenizers (tokenizer/), rules of generation (generation/), sampling (sampling.js), templates (../chat), decoding and scaling
 *               of pictures (image/), files and sessions (library.js, folder.js)
 * are distrusted  settings of files: it ignores unknown ones, so settings/ decides how each is treated; cutting of texts, which
 *               loses the token at their end
 */

/** @typedef {any} Model of transformers.js */

/** The tokens that it uses to begin, end and pad: those of generation_config.json take precedence over those of config.json.
 * @param {Model} model @returns {Record<string, any>} */
export const generationConfig = (model) => model._prepare_generation_config(null, {});

/** A tokenizer's part that texts go through. @param {any} tokenizer @returns {Record<string, any>} */
export const innerTokenizer = (tokenizer) => tokenizer._tokenizer;

/** @param {any} tokenizer @returns {Record<string, any>} tokenizer.json */
export const tokenizerFile = (tokenizer) => tokenizer._tokenizerJSON;

/** The inputs of a decoder's next step, from the results of the last one. @param {Model} model @param {Record<string, any>} step */
export const afterStep = (model, step) => model._update_model_kwargs_for_generation(step);

/** Has somebody told of each step: of what it gave, before that is put away, and then of what the next one takes.
 * @param {Model} model @param {(step: any) => void} onStep @param {(next: any) => void} onNext @returns {() => void} ends it */
export function noteSteps(model, onStep, onNext) {
    const update = model._update_model_kwargs_for_generation;
    model._update_model_kwargs_for_generation = function noted(/** @type {any} */ step) {
        onStep(step);
        const next = update.call(this, step);
        onNext(next);
        return next;
    };
    return () => { model._update_model_kwargs_for_generation = update; };
}

/** Runs the encoder. @param {Model} model @param {Record<string, any>} inputs
 * @returns {Promise<Record<string, any>>} them, and what it made as `encoder_outputs` */
export function runEncoder(model, inputs) {
    const name = model.main_input_name;
    return model._prepare_encoder_decoder_kwargs_for_generation({
        inputs_tensor: inputs[name], model_inputs: { ...inputs }, model_input_name: name,
        generation_config: { ...generationConfig(model), guidance_scale: null },
    });
}

/** A model that is called as a function. @param {Model} model @param {any[]} given */
export const called = (model, given) => model._call(...given);
