CREATE TABLE "portfolio_gain_loss" (
	"portfolio_id" text NOT NULL,
	"symbol" text NOT NULL,
	"gain_percentage" numeric(28, 9) NOT NULL,
	"gain_value" numeric(28, 9) NOT NULL,
	"fees" numeric(28, 9) NOT NULL,
	"tstamp" timestamp(6) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "portfolio_gain_loss_portfolio_id_symbol_pk" PRIMARY KEY("portfolio_id","symbol")
);
--> statement-breakpoint
ALTER TABLE "portfolio_gain_loss" ADD CONSTRAINT "portfolio_gain_loss_portfolio_id_portfolio_portfolio_id_fk" FOREIGN KEY ("portfolio_id") REFERENCES "public"."portfolio"("portfolio_id") ON DELETE no action ON UPDATE no action;