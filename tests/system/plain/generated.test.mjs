// tier: full
/**
 * Clients that two generators make of the API's description: the type of everything in a request is known, and a
 * program with the main requests of each API compiles. tests/generators has the generators and the program.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build, daemonPath, root } from '../../lib/paths.mjs';

const sources = path.join(root, 'tests/generators');
const modules = path.join(build, 'node/tests/generators/node_modules');
const skip = fs.existsSync(modules) || process.env.CI ? false : 'The generators are not installed: ./dev test --full system does that';
const STRICT = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler',
    '--lib', 'es2022,dom,dom.iterable'];

const pascal = (id) => id.split('_').map((word) => word[0].toUpperCase() + word.slice(1)).join('');

/** Each generator: its command, the module that it makes, the types of requests there, and that of an operation's JSON. */
const GENERATORS = {
    'openapi-typescript': {
        words: ['openapi-typescript/bin/cli.js', 'api.json', '--output', 'made.ts'],
        module: 'made',
        requests: () => operations.map(({ id }) => `[made.operations['${id}']['parameters'], made.operations['${id}']['requestBody']]`),
        body: (id) => `NonNullable<made.operations['${id}']['requestBody']>['content']['application/json']`,
    },
    '@hey-api/openapi-ts': {
        words: ['@hey-api/openapi-ts/bin/run.js', '--input', 'api.json', '--output', 'made', '--plugins', '@hey-api/typescript'],
        module: 'made/types.gen',
        requests: (made) => [...made.matchAll(/^export type (\w+Data) =/gm)].map(([, name]) => `made.${name}`),
        body: (id) => `NonNullable<made.${pascal(id)}Data['body']>`,
    },
};

let folder, description, operations;
before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-generated-'));
    description = execFileSync(daemonPath, ['--print-openapi'], { maxBuffer: 1 << 24 });
    operations = Object.entries(JSON.parse(description).paths).flatMap(([pattern, methods]) =>
        Object.entries(methods).map(([method, { operationId: id, requestBody }]) => ({
            id, pattern, hasJson: method === 'post' && 'application/json' in (requestBody?.content ?? {}) })));
});
after(() => fs.rmSync(folder, { recursive: true }));

/** A folder with the generated client, the program, and types of all requests for it. */
function generate(name) {
    const { words: [program, ...words], module, requests, body } = GENERATORS[name];
    const client = path.join(folder, path.basename(name));
    fs.mkdirSync(client);
    fs.symlinkSync(modules, path.join(client, 'node_modules'));
    fs.writeFileSync(path.join(client, 'api.json'), description);
    execFileSync(process.execPath, [path.join(modules, program), ...words], { cwd: client, stdio: 'pipe' });
    const all = requests(fs.readFileSync(path.join(client, `${module}.ts`), 'utf8'));
    assert.ok(all.length >= operations.length, `${all.length} requests of ${operations.length} operations`);
    fs.writeFileSync(path.join(client, 'bodies.ts'), `import type * as made from './${module}';
export interface Requests {
${all.map((type, i) => `    request_${i}: ${type};\n`).join('')}}
export interface Bodies {
${operations.filter(({ hasJson }) => hasJson).map(({ id, pattern }) => `    '${pattern}': ${body(id)};\n`).join('')}}
export type Body<P extends keyof Bodies> = Bodies[P];\n`);
    fs.copyFileSync(path.join(sources, 'requests.ts'), path.join(client, 'requests.ts'));
    return client;
}

/** The places in an exported interface of a module whose type is unknown or any. */
function untypedIn(file, name) {
    const ts = createRequire(path.join(modules, 'none.js'))('typescript');
    const program = ts.createProgram([file], { strict: true, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [] });
    const checker = program.getTypeChecker();
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
    const found = [], seen = new Set();
    const isOfLanguage = ({ symbol }) => symbol?.declarations?.some((one) => program.isSourceFileDefaultLibrary(one.getSourceFile()));
    const look = (type, place) => {
        if (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) found.push(place);
        if (seen.has(type)) return;
        seen.add(type);
        if (type.isUnionOrIntersection()) type.types.forEach((one) => look(one, place));
        if (checker.isArrayType(type) || checker.isTupleType(type))
            checker.getTypeArguments(type).forEach((one) => look(one, `${place}[]`));
        if (!(type.flags & ts.TypeFlags.Object) || isOfLanguage(type)) return;
        checker.getIndexInfosOfType(type).forEach((one) => look(one.type, `${place}{}`));
        type.getProperties().forEach((one) => look(checker.getTypeOfSymbol(one), `${place}.${one.name}`));
    };
    look(checker.getDeclaredTypeOfSymbol(exported.find((one) => one.name === name)), name);
    return { found, seen: seen.size };
}

for (const name of Object.keys(GENERATORS))
    test(`${name}: every part of a request has a type, and the main requests compile`, { skip }, () => {
        const client = generate(name);
        const { found, seen } = untypedIn(path.join(client, 'bodies.ts'), 'Requests');
        assert.deepEqual(found, []);
        assert.ok(seen > 500, `only ${seen} types were found`);
        execFileSync(process.execPath, [path.join(modules, 'typescript/bin/tsc'), ...STRICT, 'requests.ts'],
            { cwd: client, encoding: 'utf8', stdio: 'pipe' });
    });
