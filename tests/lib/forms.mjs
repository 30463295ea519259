/**
 * Recorded answers against the types that official clients have for them. Each becomes a line of TypeScript that
 * `satisfies` its type, which also means that it has no member that the type does not know; `tsc` reads them all.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build } from './paths.mjs';

/** What clients revive of JSON is a text or an object there. */
const HEAD = `import type OpenAI from 'openai';
import type Anthropic from '@anthropic-ai/sdk';
import type * as Ollama from 'ollama';
type Json<T> = T extends Date ? string : T extends Map<infer K extends string, infer V> ? Record<K, V>
    : T extends object ? { [name in keyof T]: Json<T[name]> } : T;
/** A line that is not the last: Ollama's own server says the rest at the end, which its types do not know. */
type Begun<T, Known extends keyof T> = Pick<T, Known> & Partial<T>;
/** OpenAI's own server has null there until the end, which its type, of a whole answer, does not know. */
type CompletionChunk = Omit<OpenAI.Completion, 'choices'> & {
    choices: (Omit<OpenAI.CompletionChoice, 'finish_reason'> & { finish_reason: OpenAI.CompletionChoice['finish_reason'] | null })[] };
/** Ollama's own server leaves that out, too, where it has none. */
type Generated = Omit<Ollama.GenerateResponse, 'context'>;
/** One type stands there for models in a list and for those that are loaded; the server tells of each its own. */
type Listed = { models: Omit<Ollama.ModelResponse, 'expires_at' | 'size_vram'>[] };
type Loaded = { models: Omit<Ollama.ModelResponse, 'modified_at'>[] };
`;
const OPTIONS = { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', target: 'es2022', types: ['node'] };

export class Forms {
    #lines = [];
    /** How many were recorded. */
    get count() { return this.#lines.length; }

    /** @param {string} type such as OpenAI.ChatCompletion @param {unknown} answer as JSON has it
     * @param {string[]} [ours] members of ours, anywhere in it, that clients pass over; "token.id" is one of an object
     * with a token */
    record(type, answer, ours = []) {
        const known = ours.map((one) => one.split('.').reverse());
        const text = JSON.stringify(answer, function kept(name, value) {
            return known.some(([ourName, beside]) => ourName === name && (!beside || beside in this)) ? undefined : value;
        });
        this.#lines.push(`(${text}) satisfies Json<${type}>;`);
    }

    /** @returns {string[]} what the compiler says, with the beginning of what was recorded there */
    problems() {
        const modules = process.env.WEBINFER_NODE_MODULES;
        const folder = fs.mkdtempSync(path.join(path.dirname(modules), 'forms-'));
        try {
            fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, files: ['forms.mts'] }));
            fs.writeFileSync(path.join(folder, 'forms.mts'), `${HEAD}${this.#lines.join('\n')}\n`);
            const { status, stdout, stderr, error } = spawnSync(path.join(build, 'node/page/node_modules/.bin/tsc'),
                ['-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
            if (error) throw error;
            const told = stdout.split('\n').filter((line) => /error TS/.test(line)).map((line) => this.#placed(line));
            return status === 0 ? told : [...told, ...(told.length > 0 ? [] : [stdout + stderr])];
        } finally {
            fs.rmSync(folder, { recursive: true });
        }
    }

    #placed(line) {
        const [, at] = line.match(/forms\.mts\((\d+),/) ?? [];
        const recorded = this.#lines[Number(at) - HEAD.split('\n').length] ?? '';
        return `${line}\n    ${recorded.slice(0, 300)}`;
    }
}
