/**
 * What random requests (random-requests.mjs) are about: a daemon with models, simulated nodes that run
 * them and a hub, and words for the members that take any value, of all dialects alike.
 *
 * What is there when the run begins is for everybody to read and to run. What ends or changes something
 * gets what was made since alone, which is made again where it is gone.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Daemon } from './daemon.mjs';
import { putFamilies } from './families.mjs';
import { ggufModel, putGguf, writeFile } from './gguf.mjs';
import { startHub } from './hub.mjs';
import { builtPage, ownModels } from './paths.mjs';
import { changes } from './random-requests.mjs';
import { Simulation } from './simulation.mjs';

/** A file of the console. */
const STYLES = fs.readdirSync(path.join(builtPage, '../console')).find((name) => name.endsWith('.css'));
const FAMILIES = ['whisper', 'vits', 'bert-classes', 'bert-pairs', 'clip'];
const MODELS = ['builtin/echo', 'builtin/count', 'digits', 'talker', 'vectors'];
const SPARES = ['spare/talker', 'spare/vectors'];
const NODES = 3;

const here = { pool: { min_connections: 0, strangers: 'text' }, 'browser.chrome': { max_connections: 0 } };
const said = (content, role = 'user') => ({ role, content });
const tensor = { name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] };
const tool = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } };

/** Words for members by their names, as the dialects have them. */
function wordsOf(models) {
    const png = fs.readFileSync(path.join(ownModels, 'digits/samples/7.png'));
    const wav = fs.readFileSync(path.join(ownModels, 'keywords/samples/left.wav'));
    const texts = ['one two three', ['one two', 'three']];
    const pixels = { type: 'image_url', image_url: { url: `data:image/png;base64,${png.toString('base64')}` } };
    const names = [...models.map((name) => `${name}@simulated`), ...models];
    const few = [1, 3, 8];
    return {
        model: names, model_name: models, name: names,
        platform: ['simulated'], browser: ['simulated'], hub: ['local'],
        inputs: [[tensor], texts[0], texts[1], { messages: [said('one two')] },
            { query: 'one', documents: ['one', 'two'] }, { texts: ['one'], labels: ['a', 'b'] },
            { image: png.toString('base64') }, { audio: wav.toString('base64') },
            [{ name: 'text', datatype: 'BYTES', shape: [1], data: ['one two'] }]],
        messages: [[said('one two three')], [said('be short', 'system'), said('one two')],
            [said('one'), said('two', 'assistant'), said('three')],
            [said([{ type: 'text', text: 'one two' }])], [said([pixels, { type: 'text', text: 'what?' }])]],
        prompt: texts, input: [...texts, [said('one two')]], query: ['one'],
        documents: [['one', 'two']], content: [texts[0]], text: [texts[0]], text_input: [texts[0]],
        system: ['be short'], instructions: ['be short'],
        max_tokens: few, max_completion_tokens: few, max_output_tokens: few, num_predict: few,
        stop: ['two', ['two', 'three']], stop_sequences: [['two']],
        tools: [[tool], [{ type: 'function', ...tool.function }],
            [{ name: 'look', input_schema: { type: 'object' } }]],
        tool_choice: ['auto', 'none', { type: 'auto' }],
        response_format: ['json', 'text', { type: 'text' }, { type: 'json_object' }],
        format: ['json'], stream_options: [{ include_usage: true }], json_schema: [{ type: 'object' }],
        file: [wav], image: [png], audio: [wav], images: [[png.toString('base64')]],
        count: few, interval_ms: [0, 1], bytes: [1, 8], outputs: [[]], parameters: [{ platform: 'simulated' }, {}],
        timeout_ms: [5000, 60000], stall_timeout_ms: [5000], wait: ['0s', '100ms', '1s'],
        keep_alive: ['1m', 0], as: ['spare/pulled'], files: ['*.gguf', [{ path: 'model.onnx', bytes: 3, sha256: 'a'.repeat(64) }]], seconds: [60], nodes: [1, 4],
    };
}

export class Ground {
    #kept = {};
    #simulations = [];

    async start() {
        this.hub = await startHub();
        this.daemon = new Daemon({ models: ['digits'], config: { ...here,
            models: { hub: 'local' }, 'hub.local': { url: this.hub.url } } });
        putGguf(this.daemon.store, 'talker', { arch: 'llama' });
        putGguf(this.daemon.store, 'vectors', { arch: 'bert' });
        putFamilies(this.daemon.store, FAMILIES);
        this.#push('org/talker');
        await this.daemon.start({ ready: false });
        await this.#simulate(NODES);
        this.models = [...MODELS, ...FAMILIES];
        this.words = wordsOf(this.models);
        this.spares = { ...this.words, ...Object.fromEntries(['model', 'model_name', 'name']
            .map((name) => [name, [...SPARES, 'org/talker', 'org/none']])) };
        for (const list of ['/v1/nodes', '/v1/admin/join', '/v1/jobs'])
            this.#kept[list] = await this.#listed(list);
        return this;
    }

    #push(name) {
        const file = path.join(this.daemon.folder, 'talker.gguf');
        const { metadata, tensors } = ggufModel({ arch: 'llama', seed: 2 });
        writeFile(file, metadata, tensors);
        this.hub.push(name, { 'talker-F32.gguf': fs.readFileSync(file) });
    }

    async #simulate(nodes) {
        this.#simulations.push(await new Simulation(this.daemon, { nodes, models: this.daemon.store }).up());
    }

    async stop() {
        for (const one of this.#simulations) await one.stop();
        await this.daemon?.stop();
        await this.hub?.close();
    }

    /** Values that make sense for a member of what that operation takes. */
    wordsFor(operation) {
        const words = changes(operation) ? this.spares : this.words;
        return (name) => (Object.hasOwn(words, name) ? words[name] : []);
    }

    /** Makes what is there to be changed once more. */
    async refill() {
        for (const name of SPARES)
            if (!fs.existsSync(path.join(this.daemon.store, name)))
                putGguf(this.daemon.store, name, { arch: name.endsWith('talker') ? 'llama' : 'bert' });
        const nodes = await this.#listed('/v1/nodes');
        if (nodes.every((id) => this.#kept['/v1/nodes'].includes(id))) await this.#simulate(1);
    }

    /** All ids of a list that the API has. */
    async #listed(list) {
        const answer = await this.daemon.get(list);
        const ids = [];
        const collect = (value) => {
            if (typeof value?.id === 'string') ids.push(value.id);
            if (value && typeof value === 'object') Object.values(value).forEach(collect);
        };
        if (answer.status === 200) collect(answer.json);
        return ids;
    }

    /** The path with something in the place of each {NAME}: by `picks` something that is there. */
    async fill(operation, picks) {
        const words = this.wordsFor(operation);
        let filled = operation.path;
        for (const [place, [name]] of [...operation.path.matchAll(/\{\w+\}/g)].entries()) {
            const known = name === '{model}' ? words('model_name') : name === '{version}' ? ['1', '2'] : name === '{file}' ? [STYLES]
                : await this.#idsFor(operation, operation.path.slice(0, operation.path.indexOf(name) - 1));
            const pick = picks[place];
            filled = filled.replace(name, pick % 10 === 9 || known.length === 0 ? `none-${pick % 7}`
                : known[pick % known.length].replace('@simulated', ''));
        }
        return filled;
    }

    async #idsFor(operation, list) {
        const ids = await this.#listed(list);
        return changes(operation) ? ids.filter((id) => !this.#kept[list]?.includes(id)) : ids;
    }
}
