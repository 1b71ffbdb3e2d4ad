/** The version of `package.json`, as the server is told it. */
export const appVersion = '0.1.0';
