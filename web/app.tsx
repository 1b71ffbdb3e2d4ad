/**
 * Addresses and the views behind them. The list is in the first file; every other view comes when it is
 * opened. `/sync` is a panel over the view one was in, and shopping mode stands without the frame.
 */
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';

import { Frame } from './frame/frame.tsx';
import { LazySheet } from './frame/lazy-sheet.tsx';
import { ViewBoundary } from './frame/view-boundary.tsx';
import { rememberView, startView } from './last-view.ts';
import { ListScreen } from './screens/list/list.tsx';
import { NotFoundScreen } from './screens/not-found/not-found.tsx';
import { SYNC, wasPushed } from './use-sheet-param.ts';

const WeekScreen = lazy(async () => ({
  default: (await import('./screens/week/week-screen.tsx')).WeekScreen,
}));
const RecipesScreen = lazy(async () => ({
  default: (await import('./screens/recipes/recipes-screen.tsx')).RecipesScreen,
}));
const RecipeScreen = lazy(async () => ({
  default: (await import('./screens/recipe/recipe-screen.tsx')).RecipeScreen,
}));
const RecipeEditScreen = lazy(async () => ({
  default: (await import('./screens/recipe-edit/recipe-edit-screen.tsx')).RecipeEditScreen,
}));
const CookScreen = lazy(async () => ({
  default: (await import('./screens/cook/cook-screen.tsx')).CookScreen,
}));
const ImportScreen = lazy(async () => ({
  default: (await import('./screens/import/import-screen.tsx')).ImportScreen,
}));
const TrashScreen = lazy(async () => ({
  default: (await import('./screens/trash/trash-screen.tsx')).TrashScreen,
}));
const PantryScreen = lazy(async () => ({
  default: (await import('./screens/pantry/pantry.tsx')).PantryScreen,
}));
const ActivityScreen = lazy(async () => ({
  default: (await import('./screens/activity/activity.tsx')).ActivityScreen,
}));
const ChoicesScreen = lazy(async () => ({
  default: (await import('./screens/choices/choices-screen.tsx')).ChoicesScreen,
}));
const SettingsScreen = lazy(async () => ({
  default: (await import('./screens/settings/settings.tsx')).SettingsScreen,
}));
const SignInScreen = lazy(async () => ({
  default: (await import('./screens/sign-in/sign-in.tsx')).SignInScreen,
}));
const ShareScreen = lazy(async () => ({
  default: (await import('./screens/share/share-screen.tsx')).ShareScreen,
}));
const ShopScreen = lazy(async () => ({
  default: (await import('./screens/shop/shop.tsx')).ShopScreen,
}));
const SyncPanel = lazy(async () => ({
  default: (await import('./sync/sync-panel.tsx')).SyncPanel,
}));

export function App() {
  const [location, navigate] = useLocation();
  const [path, setPath] = useState(location === SYNC ? '/list' : location);
  if (location !== SYNC && location !== path) setPath(location);

  useEffect(() => rememberView(path), [path]);
  useEffect(() => {
    scrollTo({ top: 0 });
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- each view begins at its top
  }, [path]);

  const closeSync = () => {
    if (wasPushed()) history.back();
    else navigate(path, { replace: true });
  };
  const view = (
    <ViewBoundary key={path}>
      <Views path={path} />
    </ViewBoundary>
  );
  return (
    <>
      {path === '/shop' || path.startsWith('/shop/') ? <Bare>{view}</Bare> : <Frame>{view}</Frame>}
      {location === SYNC ? (
        <LazySheet onClose={closeSync}>
          <SyncPanel onClose={closeSync} />
        </LazySheet>
      ) : null}
    </>
  );
}

function Bare({ children }: { readonly children: ReactNode }) {
  return <Suspense>{children}</Suspense>;
}

function Views({ path }: { readonly path: string }) {
  return (
    <Switch location={path}>
      <Route path="/">
        <Redirect to={startView()} replace />
      </Route>
      <Route path="/list" component={ListScreen} />
      <Route path="/shop/:store?" component={ShopScreen} />
      <Route path="/week/:isoWeek?">{(params) => <WeekScreen params={params} />}</Route>
      <Route path="/recipes" component={RecipesScreen} />
      <Route path="/recipes/new">
        <RecipeEditScreen params={{}} />
      </Route>
      <Route path="/recipes/:id">
        {(params) => <RecipeScreen key={params.id} params={params} />}
      </Route>
      <Route path="/recipes/:id/edit">
        {(params) => <RecipeEditScreen key={params.id} params={params} />}
      </Route>
      <Route path="/recipes/:id/cook">
        {(params) => <CookScreen key={params.id} params={params} />}
      </Route>
      <Route path="/pantry" component={PantryScreen} />
      <Route path="/activity" component={ActivityScreen} />
      <Route path="/trash" component={TrashScreen} />
      <Route path="/import" component={ImportScreen} />
      <Route path="/choices" component={ChoicesScreen} />
      <Route path="/share" component={ShareScreen} />
      <Route path="/settings" component={SettingsScreen} />
      <Route path="/sign-in" component={SignInScreen} />
      <Route component={NotFoundScreen} />
    </Switch>
  );
}
