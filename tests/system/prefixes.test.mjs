// tier: full
/** Whose prompts a job finds computed: one token's, or with `[models] share_prefix = yes` everybody's. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { writeTokens } from '../lib/tokens.mjs';

const KEYS = { ann: 'wi_ann', bob: 'wi_bob' };

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon();
    const ranks = Object.fromEntries(Object.keys(KEYS).map((name) => [name, 'user']));
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, ranks, KEYS) }, models: { share_prefix: 'no' } });
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    await daemon.start();
});
after(() => daemon.stop());

/** How much of the prompt had been computed before. */
async function cached(who, prompt) {
    const { status, json, text } = await daemon.infer(
        { model_name: 'abc', inputs: prompt, options: { temperature: 0, max_tokens: 1 } },
        { headers: { Authorization: `Bearer ${KEYS[who]}` } });
    assert.equal(status, 200, text);
    return json.result.usage.cached_tokens;
}

test("with share_prefix = no a token's jobs find its own prompts alone", async () => {
    const prompt = 'abcdefgh'.repeat(30);
    assert.equal(await cached('ann', prompt), 0);
    assert.ok(await cached('ann', prompt) > 100);
    assert.equal(await cached('bob', prompt), 0);
});

test('with share_prefix = yes they find those of others', async () => {
    await daemon.reload({ models: { share_prefix: 'yes' } });
    const prompt = 'bcdefgha'.repeat(30);
    assert.equal(await cached('ann', prompt), 0);
    assert.ok(await cached('bob', prompt) > 100);
});
