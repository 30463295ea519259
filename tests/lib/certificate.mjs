/** Certificates that no authority has signed. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import tls from 'node:tls';

/** A fresh certificate for that host, in `folder`, as a section's keys. */
export function certificate(folder, host) {
    const [key, file] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=a private one',
        '-addext', `subjectAltName=${host}`, '-keyout', key, '-out', file], { stdio: 'ignore' });
    return { tls_certificate: file, tls_key: key };
}

/** The serial number of the certificate that an address shows. */
export const serialOf = (url) => new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false },
        () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
        });
    socket.on('error', reject);
});
