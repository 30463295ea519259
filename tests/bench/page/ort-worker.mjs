import { load } from './ort-model.mjs';

const models = new Map();

const verbs = {
    async load(what) {
        models.set(what.name, await load(what));
    },
    /** Runs for about `ms`, at least three times; gives each run's milliseconds. */
    async run({ name, ms }) {
        const { session, feeds } = models.get(name);
        const times = [];
        const end = performance.now() + ms;
        do {
            const began = performance.now();
            await session.run(feeds);
            times.push(performance.now() - began);
        } while (performance.now() < end || times.length < 3);
        return times;
    },
};

onmessage = async ({ data: { id, verb, argument } }) => {
    try {
        postMessage({ id, value: await verbs[verb](argument) });
    } catch (error) {
        postMessage({ id, error: String(error) });
    }
};
