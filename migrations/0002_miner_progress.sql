ALTER TABLE "ticker_data" ADD COLUMN "asset_class" text;--> statement-breakpoint
ALTER TABLE "ticker_data" ADD COLUMN "tradable" boolean;--> statement-breakpoint
ALTER TABLE "ticker_data" ADD COLUMN "shortable" boolean;--> statement-breakpoint
ALTER TABLE "ticker_data" ADD COLUMN "fractionable" boolean;--> statement-breakpoint
ALTER TABLE "miner_run" ADD COLUMN "miner_id" text;--> statement-breakpoint
-- Rows from before have one name only.
UPDATE "miner_run" SET "miner_id" = "miner_name";--> statement-breakpoint
ALTER TABLE "miner_run" ALTER COLUMN "miner_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "miner_run" ADD COLUMN "error" text;--> statement-breakpoint
ALTER TABLE "miner_run" ADD COLUMN "progress" text;--> statement-breakpoint
CREATE INDEX "miner_run_id_start" ON "miner_run" USING btree ("miner_id","start_time");