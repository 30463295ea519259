/** The address of the recorder's script, which the build puts in. */
declare const RECORDER: string;
