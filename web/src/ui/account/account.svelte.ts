// Who is logged in, for everything that shows it: asked once, and told anew by each form that
// changes it. Until the server has answered, the name of last time stands there.
import {
  deleteAccount,
  logIn,
  logOut,
  logOutEverywhere,
  type Me,
  signUp,
  type SignUp,
  whoAmI,
} from '../../net/me';
import { accountHint, guest, myRooms } from '../../net/storage';

class AccountState {
  /** Null: not answered yet. */
  me = $state.raw<Me | null>(null);
  #hint = $state.raw(accountHint.get());

  /** The name to greet, if somebody is logged in as far as is known. */
  get name(): string | null {
    return this.me ? (this.me.account?.name ?? null) : (this.#hint?.name ?? null);
  }

  async load(): Promise<void> {
    this.take(await whoAmI());
  }

  /** What the server says of me now. */
  take(me: Me): void {
    this.me = me;
    this.#hint = me.account;
    accountHint.set(me.account);
  }

  async signUp(wanted: SignUp): Promise<void> {
    const me = await signUp(wanted);
    this.take(me);
    if (me.account) {
      myRooms.give(me.account.id);
      guest.setName(me.account.name);
    }
  }

  async logIn(email: string, password: string): Promise<void> {
    const me = await logIn(email, password);
    this.take(me);
    if (me.account) guest.setName(me.account.name);
  }

  async logOut(everywhere = false): Promise<void> {
    await (everywhere ? logOutEverywhere() : logOut());
    await this.#left();
  }

  async delete(password?: string): Promise<void> {
    await deleteAccount(password);
    await this.#left();
  }

  async #left(): Promise<void> {
    const id = this.me?.account?.id ?? this.#hint?.id;
    if (id !== undefined) myRooms.forgetOf(id);
    guest.forget();
    accountHint.set(null);
    this.#hint = null;
    this.take(await whoAmI());
  }
}

export const account = new AccountState();
