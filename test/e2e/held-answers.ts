/**
 * Answers of live queries that come late. Installed before the app, it stands in front of every listener for
 * messages of the worker: while `words` are set, a message that contains them waits until it is let go.
 */
import type { Page } from '@playwright/test';

interface HeldWindow {
  heldAnswers: { words: string | null; waiting: (() => void)[] };
}

/** Self-contained: it travels to the page as text. */
function install(): void {
  const held: HeldWindow['heldAnswers'] = { words: null, waiting: [] };
  (window as unknown as HeldWindow).heldAnswers = held;
  // oxlint-disable-next-line typescript/unbound-method -- called with the port it was asked on
  const listen = MessagePort.prototype.addEventListener;
  MessagePort.prototype.addEventListener = function (
    this: MessagePort,
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ) {
    const hear = (event: Event): void => {
      if (typeof listener === 'function') listener.call(this, event);
      else listener.handleEvent(event);
    };
    const late = (event: Event): void => {
      const text = event instanceof MessageEvent ? JSON.stringify(event.data) : '';
      if (held.words !== null && text.includes(held.words)) held.waiting.push(() => hear(event));
      else hear(event);
    };
    listen.call(this, type, late, options);
  };
}

export const installHeldAnswers = async (page: Page): Promise<void> => {
  await page.addInitScript(install);
};

export const holdAnswers = async (page: Page, words: string): Promise<void> =>
  page.evaluate((given) => {
    (window as unknown as HeldWindow).heldAnswers.words = given;
  }, words);

export const heldCount = async (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as HeldWindow).heldAnswers.waiting.length);

export const letAnswersGo = async (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { heldAnswers } = window as unknown as HeldWindow;
    heldAnswers.words = null;
    for (const deliver of heldAnswers.waiting.splice(0)) deliver();
  });
