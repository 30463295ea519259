/** Stands for node:test in list-tests.mjs: suites run, tests and hooks are only written down. */

/** What was registered, as `SUITE > NAME`. */
export const names = [];
const suites = [];

const nameOf = (given) => [...suites, typeof given[0] === 'string' ? given[0] : given.find((one) => one?.name)?.name ?? ''].join(' > ');

export function test(...given) {
    names.push(nameOf(given));
}

export function describe(...given) {
    suites.push(given[0]);
    given.find((one) => typeof one === 'function')?.();
    suites.pop();
}

const ignored = () => {};
for (const kind of ['only', 'skip', 'todo']) {
    test[kind] = test;
    describe[kind] = describe;
}
export { test as default, test as it, describe as suite };
export { ignored as before, ignored as after, ignored as beforeEach, ignored as afterEach };
export const mock = new Proxy({}, { get: () => ignored });
