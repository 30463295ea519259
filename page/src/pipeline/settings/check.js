/** Refuses a folder for what it asks for and does not get: the table says what that is. */
import { Failure } from '../../engine/failure.js';
import { PARTS_OF_CONFIG } from '../generation/settings.js';
import { GENERATION_FORMS } from './generation.js';
import { GENERATION_OF_CONFIG, SETTINGS } from './table.js';
import { ADDED, PARTS } from './tokenizers.js';

/** @import { Folder } from '../folder.js' */
/** @import { File } from './table.js' */

/** The names of lists that contain further parts. */
const LISTS = Object.freeze(['normalizers', 'pretokenizers', 'processors', 'decoders']);
const SHOWN = 100;

/** @param {Folder} folder @throws {Failure} */
export async function checkSettings(folder) {
    for (const file of Object.keys(SETTINGS)) if (folder.has(file)) refuse(file, await folder.json(file));
    for (const [where, settings] of generationsIn(await folder.json('config.json'), folder.has('generation_config.json'))) {
        refuseGeneration('config.json', settings, GENERATION_OF_CONFIG, where);
    }
}

/** The settings of generation in config.json: those of tasks, and where no other file has them its own and those of its parts.
 * @param {any} config @param {boolean} isElsewhere @returns {[string, any][]} where they are, and they */
function generationsIn({ task_specific_params: tasks, ...config }, isElsewhere) {
    const own = isElsewhere ? {} : { '': config, ...Object.fromEntries(PARTS_OF_CONFIG.map((part) => [`${part}.`, config[part]])) };
    const ofTasks = Object.entries(tasks ?? {}).map(([task, settings]) => [`task_specific_params.${task}.`, settings]);
    return Object.entries({ ...own, ...Object.fromEntries(ofTasks) })
        .filter(([, settings]) => typeof settings === 'object' && settings !== null);
}

/** @param {string} file @param {any} content @throws {Failure} if it asks for what the table refuses */
export function refuse(file, content) {
    if (typeof content !== 'object' || content === null) return;
    if (file === 'generation_config.json') refuseGeneration(file, content, SETTINGS[file]);
    else refuseBy(file, content, SETTINGS[file]);
    if (file === 'tokenizer.json') checkTokenizer(content);
}

/** @param {string} file @param {any} content @param {File} table @param {string} [where] of the file, with a dot behind it */
function refuseGeneration(file, content, table, where = '') {
    refuseBy(file, content, table, where);
    checkForms(file, content, where);
}

/** @param {string} file @param {any} content @param {File} table @param {string} [where] */
function refuseBy(file, content, table, where = '') {
    for (const [member, value] of Object.entries(content)) {
        const { fate, why, but } = fateOf(table, member);
        if (fate === 'refused' && !asksNothing(value) && value !== but) throw unwanted(file, where + member, value, why);
    }
}

/** @param {File} table @param {string} member @returns {{fate: import('./rows.js').Fate, why: string, but?: any}} */
export function fateOf({ rest, rows }, member) {
    const row = rows.find(({ members }) => members.includes(member));
    if (!row) return { fate: rest, why: 'it is not known' };
    return { fate: row.fate, why: row.why, but: Object.hasOwn(row.but, member) ? row.but[member] : undefined };
}

/** @param {any} value */
const asksNothing = (value) => value === null || value === false || value === ''
    || (typeof value === 'object' && Object.keys(value).length === 0);

/** @param {string} file @param {any} content @param {string} where */
function checkForms(file, content, where) {
    for (const [member, [fits, expected]] of Object.entries(GENERATION_FORMS)) {
        const value = Object.hasOwn(content, member) ? content[member] : null;
        if (value !== null && !fits(value)) throw unwanted(file, where + member, value, 'it is of another form', expected);
    }
}

/** @param {any} content */
function checkTokenizer(content) {
    for (const [part, members] of Object.entries(PARTS)) checkPart(content[part], part, members);
    for (const token of Array.isArray(content.added_tokens) ? content.added_tokens : []) checkMembers(token, 'added_tokens[]', ADDED);
}

/** @param {any} settings @param {string} where @param {Readonly<Record<string, string>>} types */
function checkPart(settings, where, types) {
    if (typeof settings !== 'object' || settings === null) return;
    // The tokenizer handles models without a type, and refuses unknown types.
    const known = Object.hasOwn(types, settings.type) ? types[settings.type] : Object.values(types).join(' ');
    checkMembers(settings, where, `type ${known}`);
    for (const list of LISTS) {
        const parts = Array.isArray(settings[list]) ? settings[list] : [];
        parts.forEach((/** @type {any} */ one, /** @type {number} */ at) => checkPart(one, `${where}.${list}[${at}]`, types));
    }
}

/** @param {any} settings @param {string} where @param {string} known */
function checkMembers(settings, where, known) {
    const names = known.split(' ');
    for (const [member, value] of Object.entries(settings ?? {})) {
        if (!names.includes(member) && !asksNothing(value)) throw unwanted('tokenizer.json', `${where}.${member}`, value, 'it is not known');
    }
}

/** @param {string} file @param {string} member @param {any} value @param {string} why @param {string} [expected] */
const unwanted = (file, member, value, why, expected = 'a folder without it') => new Failure('model_invalid',
    `${file}: ${member.slice(0, SHOWN)} is ${JSON.stringify(value)?.slice(0, SHOWN)}, which this page does not compute: ${why}`, { expected });
