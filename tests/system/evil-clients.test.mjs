// tier: quick
// full: scripted browsers > twelve evil clients at once condemn no honest node
// full: real browsers > evil clients condemn no honest node there either
/**
 * A client chooses inputs for which honest machines differ: sums that cancel, the largest numbers and the least, equal
 * scores. No honest machine may be condemned for that, and WebGPU of the service's own browsers has to stay in use. Three
 * programs join: one computes in 32 bits in order, one in 32 bits by halves, and one in 16 bits. The browsers are scripted.
 * The full tier has real ones, too (SwiftShader, lavapipe, and WASM of three browsers), and sends 10,000 requests in all.
 *
 * All tests but the first fail where the input of a client decides: then cross-checks send the programs away, and the guard
 * calls WebGPU of the service's own browsers wrong.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { arithmetics } from '../lib/arithmetic.mjs';
import { safari } from '../lib/browsers.mjs';
import { ComputingNode } from '../lib/computing-node.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { drawFrom, evilInputs, patterns, usualInputs } from '../lib/evil-inputs.mjs';
import { answerOf, halfNames, isHalf, modelOf, names, offOf } from '../lib/graphs.mjs';
import { atOnce, ScriptedService } from '../lib/scripted-service.mjs';
import { claimHardware, spoiledPage } from '../lib/spoiled-page.mjs';
import { describe, isFull } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';

/** Requests of one evil client, of twelve at once, and of twelve where the browsers are real. */
const ONE = isFull ? 2000 : 200, TWELVE = 4000, REAL = 4000;
/** The service tells clients apart by their addresses. */
const EVE = { localAddress: '127.0.0.66' }, ADA = { localAddress: '127.0.0.2' };
const MANY = Array.from({ length: 12 }, (_, i) => ({ localAddress: `127.0.0.${66 + i}` }));
/** So many harmless inputs of each model are asked. */
const SEEDS = 4;
/** So many answers in a row that are judged right end a suspicion. */
const RIGHT_IN_A_ROW = 10;
/** What /v1/hardware says of a platform that requests may go to, now or soon. */
const USABLE = /^(ready|busy|full)$/;
const { wasm, webgpu, ...programs } = arithmetics;

/** The models of a program. @param {string} program */
const modelsOf = (program) => (program === 'half' ? halfNames : names);

function putModels({ store }) {
    for (const name of [...names, ...halfNames]) {
        fs.mkdirSync(path.join(store, name));
        fs.writeFileSync(path.join(store, name, 'model.onnx'), modelOf(name));
    }
}

/**
 * A machine that has to stay in use: WebGPU of a browser of ours, or a program.
 * @typedef {{name: string, browser: string, platform: string, head: object, models: string[], known: Record<string, string>}} Machine
 * `head` names it in a request; `known`: by model what the service found with harmless inputs: ok, open, wrong, unable
 */

/** @param {string} browser @returns {Machine} */
const webgpuOf = (browser) => ({ name: `WebGPU of ${browser}`, browser, platform: 'webgpu', models: names, known: {},
    head: { browser, platform: 'webgpu', fallback: false } });

/** @param {string} name @param {ComputingNode} node @returns {Machine} */
const programOf = (name, { id }) => ({ name, browser: name, platform: 'native', models: modelsOf(name), known: {},
    head: { node: id, platform: 'native', fallback: false } });

/** The models of a machine of which one of these is known. @param {Machine} machine @param {string[]} what */
const modelsThatAre = ({ models, known }, ...what) => models.filter((model) => what.includes(known[model]));

/** A service that evil clients ask, and its machines. */
class Ground {
    /** @param {Daemon} daemon @param {string[]} browsers whose WebGPU has to stay in use @param {Record<string, ComputingNode>} joined programs by name
     * @param {() => Promise<void>} settled until no check runs */
    constructor(daemon, browsers, joined, settled) {
        Object.assign(this, { daemon, browsers, joined, settled });
        this.gpus = browsers.map(webgpuOf);
        this.natives = Object.entries(joined).map(([name, node]) => programOf(name, node));
        this.machines = [...this.gpus, ...this.natives];
    }

    /** @param {string} model @param {object[]} inputs @param {object} head @param {{localAddress: string}} client */
    ask(model, inputs, head, client) {
        return this.daemon.answer({ model_name: model, timeout_ms: 60_000, ...head }, inputs, client);
    }

    /** What is known of a model: one row for each place. @returns {Promise<{browser: string, platform: string, verdict: string, detail: string}[]>} */
    async verdicts(model) {
        return (await this.daemon.get(`/v1/models/${model}`)).json.numerics.verdicts;
    }

    /** What the answer to a harmless request says of the numbers. */
    async #numericsOf(model, head, seed) {
        try {
            return (await this.ask(model, usualInputs(model, seed), head, ADA)).executed_on.numerics;
        } catch (error) {
            if (/^\S+: 422 /.test(error.message)) return 'unable';
            throw error;
        }
    }

    /** Whether it was compared and could not be told: the guard compares it again after minutes. @param {Machine} machine */
    async #isOpen(model, { browser, platform }) {
        return (await this.verdicts(model)).some((row) => row.browser === browser && row.platform === platform && row.verdict === 'unknown');
    }

    /** Harmless requests, until the service has judged the answers. @param {Machine} machine */
    async #learn(model, machine) {
        let seed = 0, known = '';
        await until(async () => {
            known = await this.#numericsOf(model, machine.head, seed++ % SEEDS + 1);
            if (known === 'unchecked' && await this.#isOpen(model, machine)) known = 'open';
            return known !== 'unchecked';
        }, { what: `${model} on ${machine.name} to be compared`, timeout: 120_000 * patience, every: 50 });
        machine.known[model] = known;
    }

    /** Has each machine compared for each of its models: one request at a time for each browser, since the guard compares only
     * while no client waits. */
    async learn() {
        const lanes = [...this.gpus.map((gpu) => [gpu]), this.natives];
        await Promise.all(lanes.map(async (machines) => {
            for (const machine of machines)
                for (const model of machine.models) await this.#learn(model, machine);
        }));
        await this.settled();
        this.wrong = await this.#wrongVerdicts();
    }

    /** What evil clients ask for. @param {string[]} wasms browsers that are asked for WASM */
    #targets(wasms) {
        return [...this.machines.map((machine) => ({ head: machine.head, models: modelsThatAre(machine, 'ok', 'open') })),
            ...this.browsers.map((browser) => ({ head: { browser }, models: names })),
            ...wasms.map((browser) => ({ head: { browser, platform: 'wasm' }, models: names }))];
    }

    /** Requests of evil clients, `width` at once; the count of answers that differ from those of WASM. @param {number} requests
     * @param {{wasms: string[], width: number, clients?: {localAddress: string}[]}} how */
    async attack(requests, { wasms, width, clients = [EVE] }) {
        const draw = drawFrom(7), one = (list) => list[Math.floor(draw() * list.length)], targets = this.#targets(wasms);
        let differ = 0;
        const all = Array.from({ length: requests }, (_, i) => {
            const { head, models } = one(targets);
            return { head, model: models[i % models.length], pattern: one(Object.keys(patterns)), client: clients[i % clients.length], seed: i + 1 };
        });
        await atOnce(all, width, async ({ head, model, pattern, client, seed }) => {
            const inputs = evilInputs(model, pattern, seed), { outputs } = await this.ask(model, inputs, head, client);
            differ += offOf(answerOf(model, inputs), outputs) > 1;
        });
        await this.settled();
        return differ;
    }

    /** No quarantine, no hold, and no verdict "wrong" but those that harmless inputs led to before. */
    async assertNoneIsCondemned() {
        const { nodes, quarantined } = (await this.daemon.get('/v1/nodes')).json;
        assert.deepEqual(quarantined, []);
        for (const [name, { id }] of Object.entries(this.joined)) {
            const row = nodes.find((node) => node.id === id);
            assert.ok(row, `${name} is there`);
            assert.equal(row.held, false, `${name}: ${JSON.stringify(row.limits)}`);
        }
        assert.deepEqual(await this.#wrongVerdicts(), this.wrong);
    }

    /** WebGPU answers the requests that name it, and where it was right for harmless inputs, others may go there. */
    async assertWebgpuIsInUse() {
        for (const gpu of this.gpus) {
            for (const model of modelsThatAre(gpu, 'ok', 'open')) {
                const { executed_on: ran } = await this.ask(model, usualInputs(model, 1), gpu.head, ADA);
                assert.equal(ran.platform, 'webgpu', `${model} on ${gpu.name}`);
                assert.notEqual(ran.numerics, 'wrong', `${model} on ${gpu.name}`);
            }
            for (const model of modelsThatAre(gpu, 'ok')) {
                const { options } = (await this.daemon.get(`/v1/hardware?model_name=${model}&browser=${gpu.browser}`)).json;
                assert.match(options.find(({ platform }) => platform === 'webgpu').standing, USABLE, `${model} on ${gpu.name}`);
            }
        }
    }

    /** Where WebGPU is the faster one, it is taken. */
    async assertTakesWebgpu() {
        for (const gpu of this.gpus)
            for (const model of modelsThatAre(gpu, 'ok')) {
                const { executed_on: ran } = await this.ask(model, usualInputs(model, SEEDS), { browser: gpu.browser }, ADA);
                assert.equal(ran.platform, 'webgpu', `${model} in ${gpu.browser}`);
            }
    }

    /** Right answers end the suspicions against the programs. Some are not judged: those of a model for which an evil input
     * of the same shapes has left it open. */
    async assertSharesComeBack() {
        for (const program of this.natives) {
            const { name, head } = program, models = modelsThatAre(program, 'ok');
            let asked = 0;
            await until(async () => {
                for (let i = 0; i < RIGHT_IN_A_ROW; i++, asked++) {
                    const model = models[asked % models.length];
                    await this.ask(model, usualInputs(model, 1), head, ADA);
                }
                await this.settled();
                const { limits = [] } = (await this.daemon.get('/v1/nodes')).json.nodes.find(({ id }) => id === head.node);
                return limits.length === 0;
            }, { what: `${name} to get its share of work again`, timeout: 60_000 * patience });
        }
    }

    async #wrongVerdicts() {
        const all = [];
        for (const model of [...names, ...halfNames])
            for (const { browser, platform, verdict, detail } of await this.verdicts(model))
                if (verdict === 'wrong') all.push(`${model} on ${browser}/${platform}: ${detail}`);
        return all.sort();
    }
}

const test = testsOf(() => null);

test('the inputs are evil and the machines honest: they agree on harmless inputs, and differ on evil ones', () => {
    const differ = new Set();
    for (const model of [...names, ...halfNames]) {
        const machines = Object.entries(arithmetics).filter(([name]) => (name === 'half') === isHalf(model));
        const offs = (inputs) => {
            const wanted = answerOf(model, inputs);
            return machines.map(([name, by]) => [name, offOf(wanted, answerOf(model, inputs, by))]);
        };
        for (let seed = 1; seed <= SEEDS; seed++)
            for (const [machine, off] of offs(usualInputs(model, seed))) assert.ok(off <= 1, `${model} by ${machine}, seed ${seed}: ${off}`);
        for (const pattern of Object.keys(patterns))
            if (offs(evilInputs(model, pattern, 1)).some(([, off]) => off > 1)) differ.add(model);
    }
    const those = [...differ], short = those.filter(isHalf).length;
    assert.ok(those.length - short >= 14, `in 32 bits these differ: ${those.join(', ')}`);
    assert.ok(short >= 8, `in 16 bits these differ: ${those.join(', ')}`);
});

describe('scripted browsers', () => {
    const service = new ScriptedService();
    /** @type {Ground} */
    let ground;
    const test = testsOf(() => service.daemon);

    before(async () => {
        const joined = {};
        await service.start({ prepare: putModels, pool: { recheck: '25%', recheck_strangers: '100%' },
            session: (url, kind) => new ComputingNode(url, { kind, by: { wasm, webgpu } }) });
        for (const [name, by] of Object.entries(programs))
            joined[name] = await service.join(new ComputingNode(await service.link(), { kind: name, by: { native: by } }));
        ground = new Ground(service.daemon, ['chrome', 'edge'], joined, () => service.settled());
        await ground.learn();
        for (const { name, models, known } of ground.machines)
            assert.deepEqual(known, Object.fromEntries(models.map((model) => [model, 'ok'])), name);
        assert.deepEqual(ground.wrong, []);
    });
    after(() => service.stop());

    for (const [what, count, width, clients] of [['an evil client condemns no honest node, and WebGPU stays in use', ONE, 4, [EVE]],
        ['twelve evil clients at once condemn no honest node', TWELVE, 12, MANY]])
        test(what, { timeout: 600_000 * patience }, async (t) => {
            const differ = await ground.attack(count, { wasms: ['chrome'], width, clients });
            t.diagnostic(`${differ} of ${count} answers differ from those of WASM by more than the tolerance`);
            assert.ok(differ > count / 10, `only ${differ} of them differ`);
            await ground.assertNoneIsCondemned();
            await ground.assertWebgpuIsInUse();
            await ground.assertTakesWebgpu();
            await ground.assertSharesComeBack();
        });
});

describe('real browsers', () => {
    const joined = {};
    let page = '';
    /** @type {Daemon} */
    let daemon;
    const test = testsOf(() => daemon);

    before(async () => {
        if (!isFull) return;
        page = spoiledPage({ 'engine-webgpu': claimHardware }, false);
        daemon = new Daemon({ config: { bridge: { page }, 'browser.firefox': { max_connections: 1 }, 'browser.safari': safari(),
            pool: { max_connections: 3, recheck: '25%', recheck_strangers: '100%' } } });
        putModels(daemon);
        await daemon.start();
        for (const [name, by] of Object.entries(programs)) {
            const { json } = await daemon.post('/v1/admin/join', { nodes: 1 });
            joined[name] = await new ComputingNode(json.url, { kind: name, by: { native: by } }).join();
        }
    });
    after(async () => {
        for (const node of Object.values(joined)) await node.close();
        await daemon?.stop();
        if (page) fs.rmSync(page, { recursive: true, force: true });
    });

    test('evil clients condemn no honest node there either', { timeout: 3_000_000 }, async (t) => {
        const service = Object.assign(new ScriptedService(), { daemon });
        const ground = new Ground(daemon, ['chrome', 'firefox'], joined, () => service.settled(600_000)), wasms = [...ground.browsers, 'safari'];
        for (const browser of wasms) await ground.ask('exp', usualInputs('exp', 1), { browser, platform: 'wasm' }, ADA);
        await ground.learn();
        for (const machine of ground.machines) {
            const { name, models } = machine, right = modelsThatAre(machine, 'ok');
            t.diagnostic(`${name} is right for ${right.length} of ${models.length} kinds of graphs; cannot be told: ` +
                `${modelsThatAre(machine, 'open').join(', ') || 'none'}; cannot run: ${modelsThatAre(machine, 'unable').join(', ') || 'none'}`);
            assert.ok(right.length >= models.length / 2, `${name}: ${JSON.stringify(machine.known)}`);
        }
        t.diagnostic(`wrong for harmless inputs: ${ground.wrong.join(', ') || 'none'}`);
        const differ = await ground.attack(REAL, { wasms, width: 12, clients: MANY });
        t.diagnostic(`${differ} of ${REAL} answers differ from those of WASM by more than the tolerance`);
        assert.ok(differ > REAL / 20, `only ${differ} of them differ`);
        await ground.assertNoneIsCondemned();
        await ground.assertWebgpuIsInUse();
        await ground.assertSharesComeBack();
    });
});
