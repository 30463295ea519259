// The resolution hook of list-tests.mjs: node:test is the one that only lists.
export const resolve = (specifier, context, next) => specifier === 'node:test'
    ? { url: new URL('./listing.mjs', import.meta.url).href, shortCircuit: true } : next(specifier, context);
