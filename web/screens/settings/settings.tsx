/** Settings `/settings`: account, look, what this browser promises to keep, install, about. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Link } from 'wouter';

import buttonCss from '../../components/button.module.css';
import { Button } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { SegmentedTabs } from '../../components/segmented-tabs.tsx';
import { View } from '../../components/view.tsx';
import { useIsSaved, useStatus } from '../../kitchen.tsx';
import { wordsForAccount } from '../../text/account.ts';
import { wordsForSettings } from '../../text/views.ts';
import { chooseTheme, readTheme, type Theme } from '../../theme.ts';
import { useAccount } from '../../use-account.ts';
import { SignOutSheet } from '../sign-in/sign-out-sheet.tsx';
import { InstallSetting } from './install-setting.tsx';
import css from './settings.module.css';
import { StorageSetting } from './storage-setting.tsx';

export function SettingsScreen() {
  return (
    <View title={wordsForSettings.title}>
      <Group name={wordsForSettings.account}>
        <AccountSetting />
      </Group>
      <Group name={wordsForSettings.appearance}>
        <ThemeSetting />
      </Group>
      <Group name={wordsForSettings.storage}>
        <StorageSetting />
      </Group>
      <Group name={wordsForSettings.install}>
        <InstallSetting />
      </Group>
      <Group name={wordsForSettings.more}>
        <p>
          <Link href="/import">{wordsForSettings.import}</Link>
        </p>
      </Group>
      <Group name={wordsForSettings.about}>
        <About />
      </Group>
    </View>
  );
}

function Group({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <section className={css['group']} aria-label={name}>
      <h2 className={css['heading']}>{name}</h2>
      <div className={css['card']}>{children}</div>
    </section>
  );
}

function AccountSetting() {
  return (
    <>
      <WhoIsHere />
      <LockedWork />
    </>
  );
}

/** Closed kitchens with work that only their own people can send. */
function LockedWork() {
  const { sealed = [] } = useStatus();
  return sealed.map(({ name, acts }, index) => (
    <p key={index} className={css['quiet']}>
      {wordsForAccount.locked(name, Math.max(1, acts))}
    </p>
  ));
}

function WhoIsHere() {
  const account = useAccount();
  const isSaved = useIsSaved();
  const [leaving, setLeaving] = useState(false);
  if (account === undefined) return null;
  if (account === null) {
    return (
      <>
        <p className={css['quiet']}>
          {isSaved ? wordsForSettings.noAccount : wordsForSettings.noAccountUnsaved}
        </p>
        <p>
          <Link href="/sign-in" className={cx(buttonCss['button'], buttonCss['primary'])}>
            {wordsForAccount.signIn}
          </Link>
        </p>
      </>
    );
  }
  return (
    <>
      <p>
        <strong>{account.name}</strong>
      </p>
      <p className={css['quiet']}>{wordsForSettings.signedInAs(account.email)}</p>
      <p className={css['quiet']}>{wordsForSettings.household(account.householdName)}</p>
      <p>
        <Button onClick={() => setLeaving(true)}>{wordsForAccount.signOut}</Button>
      </p>
      {leaving ? <SignOutSheet onClose={() => setLeaving(false)} /> : null}
    </>
  );
}

function ThemeSetting() {
  const [theme, setTheme] = useState<Theme>(readTheme);
  return (
    <SegmentedTabs
      label={wordsForSettings.theme}
      value={theme}
      options={[
        { value: 'system', label: wordsForSettings.themes.system },
        { value: 'light', label: wordsForSettings.themes.light },
        { value: 'dark', label: wordsForSettings.themes.dark },
      ]}
      onChange={(next) => {
        chooseTheme(next);
        setTheme(next);
      }}
    />
  );
}

function About() {
  const { sourceId } = useStatus();
  return (
    <>
      <p>{wordsForSettings.aboutWords}</p>
      <p className={css['quiet']}>
        {wordsForSettings.device}: <code>{sourceId}</code>
      </p>
    </>
  );
}
