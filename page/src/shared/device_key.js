/**
 * The key of this device, by which a service remembers it. The browser makes it, keeps it for the page's origin, and signs with
 * it; no script can read its private half.
 */

/** `text`: its public half, as services are told it. @typedef {{pair: {privateKey: CryptoKey, publicKey: CryptoKey}, text: string}} DeviceKey */

const ALGORITHM = { name: 'Ed25519' };
const DATABASE = 'webinfer-device';
const STORE = 'keys';
const NAME = 'device';
/** What is signed begins with it. */
const PURPOSE = 'webinfer-device';
const NONCE_BYTES = 32;

/** A new one, which is kept only by `keep`. @returns {Promise<DeviceKey>} */
export async function make() {
    const subtle = globalThis.crypto?.subtle;
    if (!subtle) throw new Error('only a page that came by https, or from this computer itself, can have a key');
    const pair = /** @type {DeviceKey['pair']} */ (await subtle.generateKey(ALGORITHM, false, ['sign', 'verify']).catch(() => {
        throw new Error('this browser makes no keys of the kind that is needed, Ed25519');
    }));
    return described(pair);
}

/** The one that is kept; null: there is none, or it cannot be read. @returns {Promise<DeviceKey | null>} */
export async function recall() {
    try {
        // Some browsers keep an empty database where one was only looked for.
        const there = await storage().databases?.();
        if (there && !there.some(({ name }) => name === DATABASE)) return null;
        const pair = await withStore('readonly', (store) => store.get(NAME));
        return pair ? await described(pair) : null;
    } catch {
        return null;
    }
}

/** @param {DeviceKey} key */
export const keep = ({ pair }) => withStore('readwrite', (store) => store.put({ privateKey: pair.privateKey, publicKey: pair.publicKey }, NAME));

/** Removes the one that is kept, if there is one. @returns {Promise<void>} */
export const remove = () => new Promise((resolve, reject) => {
    const request = storage().deleteDatabase(DATABASE);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(unstored());
});

/** Why this browser cannot be remembered, as far as that can be seen before it is; "": it can. */
export async function findObstacle() {
    try {
        storage();
        await make();
        return '';
    } catch (error) {
        return /** @type {Error} */ (error).message;
    }
}

/** The proof that this is the device. @param {DeviceKey} key @param {string} origin of this page @param {unknown} nonce of the service, in base64url
 * @returns {Promise<string>} in base64url */
export async function sign({ pair }, origin, nonce) {
    const bytes = fromBase64url(nonce);
    if (bytes.length !== NONCE_BYTES) throw new Error(`the service sent a challenge of ${bytes.length} bytes instead of ${NONCE_BYTES}`);
    const text = new TextEncoder().encode(`${PURPOSE}\0${origin}\0`), whole = new Uint8Array(text.length + bytes.length);
    whole.set(text);
    whole.set(bytes, text.length);
    return toBase64url(await crypto.subtle.sign(ALGORITHM, pair.privateKey, whole));
}

/** @param {DeviceKey['pair']} pair @returns {Promise<DeviceKey>} */
const described = async (pair) => ({ pair, text: toBase64url(await crypto.subtle.exportKey('raw', pair.publicKey)) });

/** @param {ArrayBuffer} bytes */
function toBase64url(bytes) {
    return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {unknown} text @returns {Uint8Array} empty if it is none */
function fromBase64url(text) {
    if (typeof text !== 'string' || !/^[A-Za-z0-9_-]{1,100}$/.test(text) || text.length % 4 === 1) return new Uint8Array();
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}

/** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act @returns {Promise<T>} */
async function withStore(mode, act) {
    const database = await openDatabase(mode);
    try {
        const transaction = database.transaction(STORE, mode), request = act(transaction.objectStore(STORE));
        return await new Promise((resolve, reject) => {
            transaction.oncomplete = () => resolve(request.result);
            transaction.onerror = transaction.onabort = () => reject(unstored());
        });
    } finally {
        database.close();
    }
}

/** To read, none is made. @param {IDBTransactionMode} mode @returns {Promise<IDBDatabase>} */
function openDatabase(mode) {
    return new Promise((resolve, reject) => {
        const request = storage().open(DATABASE, 1);
        request.onupgradeneeded = () => {
            if (mode === 'readonly') request.transaction?.abort();
            else request.result.createObjectStore(STORE);
        };
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(unstored());
    });
}

/** A browser may have none for this page, or refuse to be asked. */
function storage() {
    try {
        if (globalThis.indexedDB) return indexedDB;
    } catch {
        // As if there were none.
    }
    throw unstored();
}

const unstored = () => new Error('this browser lets the page store nothing, so it cannot keep a key');
