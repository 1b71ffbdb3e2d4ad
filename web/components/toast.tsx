/**
 * Words that come and go: what was just done, with Undo for ten seconds. The clock stands still while a
 * pointer or the focus is on the toast, so nobody has to hurry. The newest is at the bottom, at most two
 * are seen. Screen readers hear them politely, once. The region stays in reach over an open sheet: that is
 * what `data-react-aria-top-layer` says.
 */
import { X } from 'lucide-react';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';

import { must } from '../../shared/assert.ts';
import { wordsForFrame } from '../text/frame.ts';
import { IconButton } from './button.tsx';
import { cx } from './cx.ts';
import css from './toast.module.css';

export interface ToastContent {
  readonly words: string;
  readonly tone?: 'done' | 'problem';
  readonly action?: { readonly label: string; readonly onPress: () => void };
}

interface ShownToast extends ToastContent {
  readonly id: number;
}

const SHOWN_MAX = 2;
/** Ten seconds (WCAG 2.2.1 together with the pause on hover and focus). */
const STAY_MS = 10_000;
/** Without anything to press, five are enough to read one sentence. */
const STAY_PLAIN_MS = 5_000;

export type ShowToast = (toast: ToastContent) => void;

const ToastContext = createContext<ShowToast | null>(null);

export function useToast(): ShowToast {
  return must(useContext(ToastContext), 'a toast is shown inside the provider');
}

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly ShownToast[]>([]);
  const nextId = useRef(1);
  const show = useCallback<ShowToast>((toast) => {
    const id = nextId.current;
    nextId.current += 1;
    setToasts((shown) => [...shown, { ...toast, id }].slice(-SHOWN_MAX));
  }, []);
  const dismiss = useCallback((id: number) => {
    setToasts((shown) => shown.filter((toast) => toast.id !== id));
  }, []);
  const region = useMemo(
    () => (
      <section
        className={css['region']}
        aria-label={wordsForFrame.notifications}
        data-toasts=""
        data-react-aria-top-layer="true"
      >
        <div aria-live="polite" className={css['stack']}>
          {toasts.map((toast) => (
            <Toast key={toast.id} toast={toast} onDone={dismiss} />
          ))}
        </div>
      </section>
    ),
    [toasts, dismiss],
  );
  return (
    <ToastContext value={show}>
      {children}
      {region}
    </ToastContext>
  );
}

interface ToastProps {
  readonly toast: ShownToast;
  readonly onDone: (id: number) => void;
}

function Toast({ toast, onDone }: ToastProps) {
  const [held, setHeld] = useState(false);
  const { id, action } = toast;
  const stayMs = action ? STAY_MS : STAY_PLAIN_MS;
  useEffect(() => {
    if (held) return undefined;
    const timer = setTimeout(() => onDone(id), stayMs);
    return () => clearTimeout(timer);
  }, [held, id, onDone, stayMs]);
  return (
    <div
      className={cx(css['toast'], toast.tone === 'problem' && css['problem'])}
      role={toast.tone === 'problem' ? 'alert' : 'group'}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <p className={css['words']}>{toast.words}</p>
      {action ? (
        <button
          type="button"
          className={css['action']}
          aria-label={wordsForFrame.actionOn(action.label, toast.words)}
          onClick={() => {
            action.onPress();
            onDone(id);
          }}
        >
          {action.label}
        </button>
      ) : null}
      <IconButton
        label={wordsForFrame.dismiss}
        icon={<X size={18} />}
        className={css['close']}
        onClick={() => onDone(id)}
      />
    </div>
  );
}
