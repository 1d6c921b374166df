CREATE TABLE "algo_run_settings" (
	"algo_run_id" bigint NOT NULL,
	"since" timestamp(6) with time zone NOT NULL,
	"build_number" text NOT NULL,
	"parameters" jsonb NOT NULL,
	CONSTRAINT "algo_run_settings_algo_run_id_since_pk" PRIMARY KEY("algo_run_id","since")
);
--> statement-breakpoint
ALTER TABLE "algo_run_settings" ADD CONSTRAINT "algo_run_settings_algo_run_id_algo_run_algo_run_id_fk" FOREIGN KEY ("algo_run_id") REFERENCES "public"."algo_run"("algo_run_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
-- Of runs before this table was there only the last settings are known.
INSERT INTO "algo_run_settings" ("algo_run_id", "since", "build_number", "parameters")
  SELECT "algo_run_id", "start_time", "build_number", "parameters" FROM "algo_run";
