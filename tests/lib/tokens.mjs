/** Tokens of the API, and the file of them that a daemon reads. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const newToken = () => `wi_${crypto.randomBytes(32).toString('base64url')}`;

/** A token for each name. @template {string} Name @param {Record<Name, any>} people @returns {Record<Name, string>} */
export const tokensOf = (people) => Object.fromEntries(Object.keys(people).map((name) => [name, newToken()]));

/** A line of the file. @param {string} name @param {string} token @param {string} [rank] none: the file is an old one */
export const tokenLine = (name, token, rank) =>
    `${name}:${crypto.createHash('sha256').update(token).digest('hex')}${rank ? `:${rank}` : ''}\n`;

/** Writes the file for a daemon, which reads it only if nobody else can; gives its path.
 * @param {{folder: string}} daemon @param {Record<string, string>} people their ranks @param {Record<string, string>} tokens */
export function writeTokens({ folder }, people, tokens) {
    const file = path.join(folder, 'tokens');
    fs.writeFileSync(file, Object.keys(people).map((name) => tokenLine(name, tokens[name], people[name])).join(''), { mode: 0o600 });
    return file;
}
