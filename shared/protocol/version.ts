/**
 * The names under which both ends recognise the wire they speak. `protocolVersion` is the word in
 * capabilities; `wireContract` tells apart two generations that both called themselves `v1`.
 */
export const protocolVersion = 'v1';
export const wireContract = 'jcs_uniform_numeric_strings_v1';
