/** Migration files are imported as text; the bundler puts them into the server build. */
declare module '*.sql?raw' {
  const text: string;
  export default text;
}
