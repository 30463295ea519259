/** A remembered device without a browser: a node that has a key. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { FakeNode } from './fake-node.mjs';

export class FakeDevice extends FakeNode {
    #pair = generateKeyPairSync('ed25519');
    key = this.#pair.publicKey.export({ format: 'jwk' }).x;

    /** Joins with its token, to be remembered. */
    async joinRemembered() {
        const before = this.#count('welcome');
        await this.open();
        this.announce({ device_key: this.key });
        await this.got('welcome', before);
    }

    /** Comes back without its token, up to the proof. @param {string} [from] the origin for which it signs */
    async comeBack(from = this.origin) {
        const before = this.#count('device_challenge');
        await this.open();
        this.send('node_announcement', { protocol: 1, page_version: '0.1.0', device: { key: this.key }, capabilities: this.capabilities });
        const { message: { data: { nonce } } } = await this.got('device_challenge', before);
        const text = Buffer.concat([Buffer.from(`webinfer-device\0${from}\0`), Buffer.from(nonce, 'base64url')]);
        this.send('device_proof', { signature: sign(null, text, this.#pair.privateKey).toString('base64url') });
    }

    /** Comes back, and is welcomed. */
    async joinAgain() {
        const before = this.#count('welcome');
        await this.comeBack();
        await this.got('welcome', before);
    }

    /** Another service is the one to go to. @param {string} origin */
    goTo(origin) {
        this.origin = origin;
        this.address = `${origin.replace(/^http/, 'ws')}/node`;
    }

    /** @param {string} type */
    #count(type) {
        return this.received.filter(({ message }) => message.type === type).length;
    }
}
