/**
 * What the two commands say, and the programs they run while saying it. A step prints one line when it
 * begins, a sign of life every ten seconds, and its output only when it fails.
 */
import { spawn } from 'node:child_process';

/** Programs that must not outlive this one. */
const running = new Set();

export function say(line) {
  process.stdout.write(`larder: ${line}\n`);
}

/** One line, non-zero exit. `detail` is printed before it, so that the line is the last one. */
export function fail(line, detail = '') {
  if (detail !== '') process.stderr.write(`${detail.trimEnd()}\n`);
  process.stderr.write(`larder: ${line}\n`);
  process.exit(1);
}

export class StepFailed extends Error {
  constructor(label, output, code) {
    super(`${label} failed`);
    this.output = output;
    this.code = code;
  }
}

/**
 * Runs a program to its end. `onLine` sees each line of its output; without it the output is kept and
 * only shown on failure. Rejects with `StepFailed` when the program fails or takes too long.
 */
export async function runStep(label, command, args, options = {}) {
  const startedAt = Date.now();
  const { onLine, timeoutMs = 15 * 60_000, quiet = false, env = process.env, cwd } = options;
  if (!quiet) say(`${label} …`);
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  let rest = '';
  const collect = (chunk) => {
    const text = chunk.toString();
    output = (output + text).slice(-200_000);
    if (onLine === undefined) return;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  // A step whose output is shown speaks for itself.
  const sayAlive = () => onLine === undefined && say(`${label}: ${seconds()} s so far`);
  const alive = setInterval(sayAlive, 10_000);
  const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += `${error.message}\n`;
      resolve(127);
    });
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  clearInterval(alive);
  clearTimeout(late);
  running.delete(child);
  if (rest !== '') onLine?.(rest);
  if (code !== 0) throw new StepFailed(label, output, code);
  return output;
}

/** Ends running programs when this one is told to stop. Returns a function that takes it back. */
export function stopStepsOnSignal() {
  const onSignal = (signal) => {
    for (const child of running) child.kill(signal);
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, onSignal);
  };
}
