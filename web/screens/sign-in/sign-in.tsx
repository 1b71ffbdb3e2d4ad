/**
 * Sign in and sign up `/sign-in`: one card. It needs a network and says so without blame; nothing typed is
 * lost. When this device has things the household has not got, it asks whether they come along, after the
 * server said who this is and before anything is joined.
 */
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';

import type { Account, Kitchen, LocalRows } from '../../../shared/rpc.ts';
import { type AccountFailure, signIn, signUp } from '../../account.ts';
import { Button } from '../../components/button.tsx';
import { Jar } from '../../components/jar.tsx';
import { Switch } from '../../components/switch.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useToast } from '../../components/toast.tsx';
import { View } from '../../components/view.tsx';
import { useKitchen } from '../../kitchen.tsx';
import { wordsForAccount } from '../../text/account.ts';
import { attachKitchen } from './attach-kitchen.ts';
import { fieldOfFailure, wordsForFailure } from './failure-words.ts';
import { countOwnThings } from './own-things.ts';
import { LetGo } from './let-go.tsx';
import css from './sign-in.module.css';

type Mode = 'sign-in' | 'sign-up';

interface Form {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** Who signed in, and how much of this device is still to be asked about. */
interface Joining {
  readonly account: Account;
  readonly things: number;
}

/** More acts than this without ever signing in need not be counted exactly. */
const COUNTED_ACTS_MAX = 5_000;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function SignInScreen() {
  const kitchen = useKitchen();
  const toast = useToast();
  const [, navigate] = useLocation();
  const [mode, setMode] = useState<Mode>('sign-in');
  const [form, setForm] = useState<Form>({ name: '', email: '', password: '' });
  const [failure, setFailure] = useState<AccountFailure | null>(null);
  const [working, setWorking] = useState(false);
  const [joining, setJoining] = useState<Joining | null>(null);

  const attach = async (account: Account, localRows: LocalRows) => {
    setWorking(true);
    const result = await attachKitchen(kitchen, account, localRows, wait);
    setWorking(false);
    if (!result.ok) {
      setJoining(null);
      setFailure(result.error);
      return;
    }
    const keptApart = localRows === 'adopt' && result.value === 'apart';
    toast({
      words: keptApart
        ? wordsForAccount.welcomeApart(account.name)
        : wordsForAccount.welcome(account.name),
    });
    navigate('/list');
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFailure(null);
    setWorking(true);
    const { name, ...credentials } = form;
    const result = await (mode === 'sign-up'
      ? signUp(name.trim(), credentials)
      : signIn(credentials));
    const things = await countThingsHere(kitchen);
    setWorking(false);
    if (!result.ok) setFailure(result.error);
    // A household that was just made has nothing yet: what is here comes along without a question.
    else if (mode === 'sign-up' || things === 0) await attach(result.value, 'adopt');
    else setJoining({ account: result.value, things });
  };

  const title = mode === 'sign-up' ? wordsForAccount.signUpTitle : wordsForAccount.signInTitle;
  return (
    <View title={title} titleHidden>
      <div className={css['card']}>
        <span className={css['mark']}>
          <Jar size={40} />
        </span>
        {joining ? (
          <JoinChoice {...joining} working={working} onChoose={attach} />
        ) : (
          <>
            <p className={css['title']}>{title}</p>
            <p className={css['words']}>
              {mode === 'sign-up' ? wordsForAccount.signUpWords : wordsForAccount.signInWords}
            </p>
            <SignInForm
              {...{ mode, form, failure, working }}
              onForm={setForm}
              onSubmit={(event) => void submit(event)}
            />
            <Button
              tone="quiet"
              onClick={() => {
                setMode(mode === 'sign-in' ? 'sign-up' : 'sign-in');
                setFailure(null);
              }}
            >
              {mode === 'sign-in' ? wordsForAccount.toSignUp : wordsForAccount.toSignIn}
            </Button>
          </>
        )}
      </div>
    </View>
  );
}

/** What is unsent in somebody's household is theirs, and nobody else is asked about it. */
async function countThingsHere(kitchen: Kitchen): Promise<number> {
  if ((await kitchen.account()) !== null) return 0;
  return countOwnThings(await kitchen.ask('timeline', { limit: COUNTED_ACTS_MAX }));
}

interface SignInFormProps {
  readonly mode: Mode;
  readonly form: Form;
  readonly failure: AccountFailure | null;
  readonly working: boolean;
  readonly onForm: (form: Form) => void;
  readonly onSubmit: (event: FormEvent) => void;
}

function SignInForm({ mode, form, failure, working, onForm, onSubmit }: SignInFormProps) {
  const [shown, setShown] = useState(false);
  const signingUp = mode === 'sign-up';
  const field = failure && fieldOfFailure(failure);
  const errorOf = (name: 'email' | 'password') =>
    failure && field === name ? wordsForFailure(failure) : null;
  return (
    <form className={css['form']} onSubmit={onSubmit}>
      {signingUp ? (
        <TextField
          label={wordsForAccount.name}
          name="name"
          autoComplete="name"
          required
          value={form.name}
          onValue={(name) => onForm({ ...form, name })}
        />
      ) : null}
      <TextField
        label={wordsForAccount.email}
        type="email"
        name="email"
        autoComplete="username"
        required
        value={form.email}
        error={errorOf('email')}
        onValue={(email) => onForm({ ...form, email })}
      />
      <TextField
        label={wordsForAccount.password}
        type={shown ? 'text' : 'password'}
        name="password"
        autoComplete={signingUp ? 'new-password' : 'current-password'}
        required
        {...(signingUp ? { minLength: PASSWORD_LENGTH_MIN } : {})}
        value={form.password}
        hint={signingUp ? wordsForAccount.passwordHint : null}
        error={errorOf('password')}
        onValue={(password) => onForm({ ...form, password })}
      />
      <Switch label={wordsForAccount.showPassword} checked={shown} onChange={setShown} />
      {failure && field === null ? (
        <p className={css['problem']} role="alert">
          {wordsForFailure(failure)}
        </p>
      ) : null}
      <Button tone="primary" wide type="submit" disabled={working}>
        {buttonWords(signingUp, working)}
      </Button>
    </form>
  );
}

/** The server asks the same (`app.md` §6.5); here it only spares a round trip. */
const PASSWORD_LENGTH_MIN = 10;

function buttonWords(signingUp: boolean, working: boolean): string {
  if (working) return wordsForAccount.working;
  return signingUp ? wordsForAccount.signUp : wordsForAccount.signIn;
}

interface JoinChoiceProps extends Joining {
  readonly working: boolean;
  readonly onChoose: (account: Account, localRows: LocalRows) => Promise<void>;
}

function JoinChoice({ account, things, working, onChoose }: JoinChoiceProps) {
  return (
    <fieldset className={css['form']} aria-label={wordsForAccount.joinTitle}>
      <p className={css['title']}>{wordsForAccount.joinTitle}</p>
      <p className={css['words']}>{wordsForAccount.joinWords(account.householdName)}</p>
      <Button
        tone="primary"
        wide
        disabled={working}
        onClick={() => void onChoose(account, 'adopt')}
      >
        {working ? wordsForAccount.working : wordsForAccount.join(things, account.householdName)}
      </Button>
      <Button wide disabled={working} onClick={() => void onChoose(account, 'keep-apart')}>
        {wordsForAccount.keepApart}
      </Button>
      <LetGo wide disabled={working} onGone={() => onChoose(account, 'adopt')} />
    </fieldset>
  );
}
