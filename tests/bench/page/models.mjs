/** How an engine's worker answers its bare page. @param {(what: any) => Promise<() => Promise<any[]>>} load gives what runs a model once,
 * on its inputs, and gives its outputs */
export function answers(load) {
    const models = new Map();
    const verbs = {
        async load(what) {
            models.set(what.name, await load(what));
        },
        /** Runs once; gives each output's numbers. */
        async answer({ name }) {
            return (await models.get(name)()).map((output) => Array.from(output, Number));
        },
        /** Runs for about `ms`, at least three times; gives each run's milliseconds. */
        async run({ name, ms }) {
            const once = models.get(name), times = [];
            const end = performance.now() + ms;
            do {
                const began = performance.now();
                await once();
                times.push(performance.now() - began);
            } while (performance.now() < end || times.length < 3);
            return times;
        },
        /** What the worker has fetched: which build of an engine it was. */
        files: () => performance.getEntriesByType('resource').map(({ name }) => name),
    };
    return async ({ data: { id, verb, argument } }) => {
        try {
            postMessage({ id, value: await verbs[verb](argument) });
        } catch (error) {
            postMessage({ id, error: String(error) });
        }
    };
}
