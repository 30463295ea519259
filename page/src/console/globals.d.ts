/** The address of the recorder's script, which the build puts in. */
declare const RECORDER: string;
/** The address of the script of the view of vectors, likewise. */
declare const VECTORS: string;
/** The shaders of the kernels of a self-organising map, which the build puts into that script. */
declare const SOM_SHADERS: Record<string, any>;
declare const SOM_FRAGMENTS: Record<string, any>;
