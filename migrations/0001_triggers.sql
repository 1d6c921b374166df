-- An account's balance follows its bookings. Only an insert books: a booking that is edited later (its details) must
-- not move money a second time. Whether the balance may go where the booking takes it is the check accounts_credit.
CREATE FUNCTION book_account_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET balance = balance + NEW.amount WHERE account_id = NEW.account_id;
  RETURN NEW;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER account_transactions_book AFTER INSERT ON account_transactions
  FOR EACH ROW EXECUTE FUNCTION book_account_transaction();
--> statement-breakpoint
CREATE FUNCTION refuse_account_transaction_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a booking is final: book the opposite amount instead (account transaction %)', OLD.transaction_id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'account_transactions_final';
END;
$$;
--> statement-breakpoint
CREATE TRIGGER account_transactions_final BEFORE UPDATE ON account_transactions
  FOR EACH ROW WHEN (OLD.amount <> NEW.amount OR OLD.account_id <> NEW.account_id)
  EXECUTE FUNCTION refuse_account_transaction_change();
--> statement-breakpoint
CREATE TRIGGER account_transactions_kept BEFORE DELETE ON account_transactions
  FOR EACH ROW EXECUTE FUNCTION refuse_account_transaction_change();
--> statement-breakpoint
CREATE FUNCTION touch_modify_tstamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.modify_tstamp = clock_timestamp();
  RETURN NEW;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER accounts_touch BEFORE UPDATE ON accounts
  FOR EACH ROW EXECUTE FUNCTION touch_modify_tstamp();
--> statement-breakpoint
CREATE TRIGGER stock_ohlc_touch BEFORE UPDATE ON stock_ohlc
  FOR EACH ROW EXECUTE FUNCTION touch_modify_tstamp();
--> statement-breakpoint
CREATE TRIGGER ticker_data_touch BEFORE UPDATE ON ticker_data
  FOR EACH ROW EXECUTE FUNCTION touch_modify_tstamp();
--> statement-breakpoint
CREATE TRIGGER trade_plan_touch BEFORE UPDATE ON trade_plan
  FOR EACH ROW EXECUTE FUNCTION touch_modify_tstamp();
