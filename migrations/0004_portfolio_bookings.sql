ALTER TABLE "accounts" DROP CONSTRAINT "accounts_credit";--> statement-breakpoint
ALTER TABLE "account_transactions" ADD COLUMN "kind" text DEFAULT 'funding' NOT NULL;--> statement-breakpoint
ALTER TABLE "account_transactions" ADD COLUMN "trade_id" bigint;--> statement-breakpoint
ALTER TABLE "account_transactions" ADD COLUMN "reference" text;--> statement-breakpoint
ALTER TABLE "portfolio" ADD COLUMN "algo_env" text;--> statement-breakpoint
ALTER TABLE "algo_run" ADD COLUMN "portfolio_id" text;--> statement-breakpoint
ALTER TABLE "account_transactions" ADD CONSTRAINT "account_transactions_trade_id_new_trades_trade_id_fk" FOREIGN KEY ("trade_id") REFERENCES "public"."new_trades"("trade_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "algo_run" ADD CONSTRAINT "algo_run_portfolio_id_portfolio_portfolio_id_fk" FOREIGN KEY ("portfolio_id") REFERENCES "public"."portfolio"("portfolio_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "account_transactions_trade" ON "account_transactions" USING btree ("trade_id") WHERE "account_transactions"."kind" = 'trade';--> statement-breakpoint
CREATE INDEX "account_transactions_trade_id" ON "account_transactions" USING btree ("trade_id");--> statement-breakpoint
CREATE INDEX "algo_run_portfolio" ON "algo_run" USING btree ("portfolio_id") WHERE "algo_run"."portfolio_id" is not null;--> statement-breakpoint
ALTER TABLE "account_transactions" ADD CONSTRAINT "account_transactions_reference_unique" UNIQUE("reference");--> statement-breakpoint
ALTER TABLE "account_transactions" ADD CONSTRAINT "account_transactions_kind" CHECK ("account_transactions"."kind" in ('funding', 'trade', 'correction', 'reset'));--> statement-breakpoint
ALTER TABLE "account_transactions" ADD CONSTRAINT "account_transactions_of_trade" CHECK (("account_transactions"."trade_id" is not null) = ("account_transactions"."kind" in ('trade', 'correction')));--> statement-breakpoint
ALTER TABLE "portfolio" ADD CONSTRAINT "portfolio_algo_env" CHECK ("portfolio"."algo_env" is null or "portfolio"."algo_env" in ('SIMULATED', 'PAPER', 'PROD'));--> statement-breakpoint
-- What was traded is booked whatever the balance: risk has judged it before the order was sent, and a booking that is
-- refused after the fill would only hide where the cash is. A person's withdrawal must leave the credit kept.
CREATE OR REPLACE FUNCTION book_account_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  account accounts%ROWTYPE;
BEGIN
  UPDATE accounts SET balance = balance + NEW.amount WHERE account_id = NEW.account_id RETURNING * INTO account;
  IF NEW.kind = 'funding' AND NEW.amount < 0
     AND account.balance < (CASE WHEN account.allow_negative THEN -account.credit_line ELSE 0 END) THEN
    RAISE EXCEPTION 'account % would go below its credit', NEW.account_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_credit';
  END IF;
  RETURN NEW;
END;
$$;
--> statement-breakpoint
DROP TRIGGER account_transactions_final ON account_transactions;
--> statement-breakpoint
CREATE TRIGGER account_transactions_final BEFORE UPDATE ON account_transactions
  FOR EACH ROW WHEN (
    (OLD.amount, OLD.account_id, OLD.kind, OLD.trade_id) IS DISTINCT FROM
    (NEW.amount, NEW.account_id, NEW.kind, NEW.trade_id)
  )
  EXECUTE FUNCTION refuse_account_transaction_change();
