// tier: full
/**
 * The container image, as ./dev container test builds and runs it: with buildah and podman, on a base of Debian that comes
 * from no registry.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { dev, lacking } from '../lib/builds.mjs';

/** Each test by the steps that it consists of. */
const tests = {
    'it is built, and becomes healthy': ['image builds', 'becomes healthy', 'answers webinfer infer digits'],
    'nothing secret is in the image': ['there is nothing in it that is secret or superfluous'],
    'its root is read-only, and it runs as its user': ['its root is read-only', 'runs as its user'],
    'everyone is asked for a token': ['asks everyone for a token'],
    'each browser has its sandbox and its own network': ['the browsers have their sandboxes and their own networks'],
    'a model that was added is there after a restart': ['webinfer add sends a model', 'starts again',
        'answers with the model that was added'],
    'it stops within the grace time, and leaves no process': ['stops within the grace time, and no process is left'],
    'where user namespaces are forbidden, it answers and says what is lost': ['with user namespaces forbidden, becomes healthy',
        'answers all the same', 'the log, the status and doctor say what is lost'],
    'a mounted secret has the tokens': ['with a mounted secret and a new volume, becomes healthy',
        'the token of the secret is accepted, and no other was made'],
    "README's command and its first request work as they are printed": ["with README's options, becomes healthy",
        "README's first request is answered"],
};

describe('the container image', { skip: lacking('buildah', 'podman', 'runc', 'mmdebstrap') }, () => {
    /** @type {Awaited<ReturnType<typeof dev>>} */
    let run;
    before(async () => { run = await dev('container', 'test'); }, { timeout: 2_400_000 });
    for (const [name, steps] of Object.entries(tests))
        test(name, () => assert.deepEqual(steps.filter((step) => !run.steps.has(step)), [], run.said.slice(-4000)));
    test('all steps succeed, and all have a test or prepare one', () => {
        assert.equal(run.status, 0, run.said.slice(-4000));
        const preparing = /^(a base image|the tarball$|everything is removed$)/;
        const tested = Object.values(tests).flat();
        assert.deepEqual([...run.steps.keys()].filter((step) => !preparing.test(step) && !tested.includes(step)), []);
    });
});
