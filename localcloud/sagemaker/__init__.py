"""SageMaker: jobs and endpoints as real programs.

``job_calls``, ``job_lists``        Create…, Stop… and List… of every kind of job
``job``                             what every kind of job shares
``processing``, ``processing_job``  CreateProcessingJob, and one job's life
``training``, ``training_job``      CreateTrainingJob, and one job's life
``job_tree``                        the /opt/ml of a job: what is there before and after
``s3_transfers``                    the way between S3 and it, with the role's leave
``job_program``                     the program in it, its log and its end
``job_events``                      the events of both kinds of job
``transform``                       CreateTransformJob: a package of its own
``endpoints``, ``endpoint``         CreateEndpoint and its kin, and one endpoint's life
``variants``, ``fleet``             what a configuration asks for, and the servers that do it
``model_container``                 a model's container as a server
``model_server``                    the server of a variant: watched, started again
``invocations``                     InvokeEndpoint
``metrics``                         what CloudWatch gets of invocations
``model_packages``                  the registry and its approvals
``rules``                           SageMaker's limits on names and values
"""
